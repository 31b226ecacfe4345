"""Saved filters: who sees them, who changes them, and what they may say."""

from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.runs import Plant
from tests.support.stacks import ADA

from stackyard.filters import (
    MOST_OWN,
    FilterCreatorOnlyError,
    FilterDataError,
    FilterNameError,
    FilterNotFoundError,
    Filters,
    FilterType,
    FilterTypeError,
    SavedFilter,
    TooManyFiltersError,
)
from stackyard.kernel.access import NOBODY, SYSTEM, Subject, SubjectKind
from stackyard.kernel.errors import UnauthorizedError
from stackyard.kernel.ids import StackId
from stackyard.kernel.search import Search

BEN = Subject(SubjectKind.API_KEY, "01BEN", "ben")
EVE = Subject(SubjectKind.API_KEY, "01EVE", "eve")


@pytest.fixture
async def plant(session: AsyncSession) -> Plant:
    return await Plant(session).prepare()


@pytest.fixture
def filters(plant: Plant) -> Filters:
    return plant.unit.filters


async def save(
    filters: Filters, name: str, *, is_public: bool = False, by: Subject = BEN
) -> SavedFilter:
    return await filters.create(
        FilterType.STACKS, name, "{}", is_public=is_public, by=by
    )


async def test_a_private_one_is_seen_by_its_creator_only(filters: Filters) -> None:
    mine = await save(filters, "mine")

    assert await filters.find(mine.id, by=BEN) is mine
    for other in (EVE, ADA):  # nor by an administrator
        assert await filters.find(mine.id, by=other) is None
        assert await filters.all(by=other) == []


async def test_a_public_one_is_seen_by_everybody_who_signed_in(
    filters: Filters,
) -> None:
    shown = await save(filters, "shown", is_public=True)

    assert await filters.find(shown.id, by=EVE) is shown
    assert await filters.all(by=EVE) == [shown]
    with pytest.raises(UnauthorizedError):
        await filters.find(shown.id, by=NOBODY)


async def test_they_are_listed_by_name_and_by_type(filters: Filters) -> None:
    late = await save(filters, "b")
    early = await save(filters, "a", is_public=True, by=EVE)
    other = await filters.create(
        FilterType.WEBHOOKS, "c", "{}", is_public=False, by=BEN
    )

    assert await filters.all(by=BEN) == [early, late, other]
    assert await filters.all(FilterType.STACKS, by=BEN) == [early, late]
    assert await filters.all(FilterType.CONTEXTS, by=BEN) == []


async def test_its_creator_changes_and_deletes_it(filters: Filters) -> None:
    mine = await save(filters, "mine")

    changed = await filters.update(mine.id, "ours", "[1]", is_public=True, by=BEN)
    assert (changed.name, changed.data, changed.is_public) == ("ours", "[1]", True)
    assert changed.created_by == "ben"
    assert await filters.delete(mine.id, by=BEN) is mine
    assert await filters.delete(mine.id, by=BEN) is None
    assert await filters.find(mine.id, by=BEN) is None


async def test_an_administrator_changes_what_everybody_sees(filters: Filters) -> None:
    shown = await save(filters, "shown", is_public=True)

    changed = await filters.update(shown.id, "shown", "{}", is_public=True, by=ADA)
    assert changed.created_by == "ben"
    assert await filters.delete(shown.id, by=ADA) is shown


async def test_nobody_else_changes_it(filters: Filters) -> None:
    shown = await save(filters, "shown", is_public=True)

    with pytest.raises(FilterCreatorOnlyError, match="unauthorized"):
        await filters.update(shown.id, "x", "{}", is_public=True, by=EVE)
    with pytest.raises(FilterCreatorOnlyError):
        await filters.delete(shown.id, by=EVE)
    assert shown.name == "shown"


@pytest.mark.parametrize("by", [EVE, ADA])
async def test_a_private_one_of_somebody_else_does_not_exist(
    filters: Filters, by: Subject
) -> None:
    mine = await save(filters, "mine")

    with pytest.raises(FilterNotFoundError):
        await filters.update(mine.id, "x", "{}", is_public=True, by=by)
    assert await filters.delete(mine.id, by=by) is None
    assert await filters.find(mine.id, by=BEN) is mine


async def test_what_one_run_made_the_stack_s_next_run_has(filters: Filters) -> None:
    first = Subject(SubjectKind.RUN, "net/1", "net/1", stack_id=StackId("net"))
    mine = await save(filters, "mine", by=first)

    assert await filters.find(mine.id, by=replace(first, id="net/2")) is mine
    stranger = replace(first, stack_id=StackId("far"))
    assert await filters.find(mine.id, by=stranger) is None


@pytest.mark.parametrize("data", ["", "{", "NaN", '{"a": 1,}', "\ud800", "[" * 9_000])
async def test_what_is_not_json_is_refused(filters: Filters, data: str) -> None:
    with pytest.raises(FilterDataError):
        await filters.create(FilterType.STACKS, "x", data, is_public=False, by=BEN)


async def test_data_is_kept_as_it_was_sent_up_to_a_size(filters: Filters) -> None:
    sent = '{ "b":1,\n "a" : "\\u0000" }'
    kept = await filters.create(FilterType.STACKS, "x", sent, is_public=False, by=BEN)
    assert kept.data == sent

    largest = f'"{"x" * (64 * 1024 - 2)}"'
    await filters.update(kept.id, "x", largest, is_public=False, by=BEN)
    with pytest.raises(FilterDataError):
        await filters.update(kept.id, "x", f"{largest} ", is_public=False, by=BEN)


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\nb", "a\0b"])
async def test_a_name_is_one_line_of_text(filters: Filters, name: str) -> None:
    with pytest.raises(FilterNameError):
        await save(filters, name)


@pytest.mark.parametrize("name", ["", "Stacks", "modules"])
def test_there_are_filters_of_four_lists(name: str) -> None:
    with pytest.raises(FilterTypeError, match="stacks, blueprints, contexts, webhooks"):
        FilterType.of(name)


async def test_nobody_fills_the_table(filters: Filters) -> None:
    for number in range(MOST_OWN):
        await save(filters, f"{number}")
    with pytest.raises(TooManyFiltersError):
        await save(filters, "one more")
    await save(filters, "another's", by=EVE)


async def test_changes_are_in_the_trail_without_the_data(
    plant: Plant, filters: Filters
) -> None:
    mine = await filters.create(
        FilterType.STACKS, "mine", '"canary"', is_public=False, by=BEN
    )
    await filters.update(mine.id, "ours", '"canary"', is_public=True, by=BEN)
    await filters.delete(mine.id, by=ADA)
    await plant.session.flush()

    page = await plant.unit.audit.search(Search(first=3), by=SYSTEM)
    noted = sorted((one.action, one.affected_id) for one in page.items)
    assert noted == [
        ("saved_filter.create", mine.id),
        ("saved_filter.delete", mine.id),
        ("saved_filter.update", mine.id),
    ]
    assert "canary" not in str([one.data for one in page.items])
