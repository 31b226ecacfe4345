import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.stacks import ADA, Bench, a_spec

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.errors import InvalidError
from stackyard.kernel.ids import LEGACY, ROOT, StackId
from stackyard.kernel.search import (
    CursorError,
    Order,
    PageSizeError,
    Predicate,
    Search,
    SearchFieldError,
)
from stackyard.stacks import StackState, TrackedCommit
from stackyard.stacks.model.vendors import Ansible


@pytest.fixture
async def bench(session: AsyncSession) -> Bench:
    bench = await Bench(session).prepare()
    await bench.stacks.create(
        a_spec(name="alpha", labels=("x", "y"), space_id=ROOT), by=ADA
    )
    await bench.stacks.create(
        a_spec(name="beta", labels=("x",), vendor=Ansible(playbook="p")), by=ADA
    )
    await bench.stacks.create(a_spec(name="gamma_1", description="100%"), by=ADA)
    await bench.stacks.lock(StackId("beta"), by=ADA)
    await bench.stacks.set_tracked_commit(
        StackId("alpha"), TrackedCommit("a" * 40), by=ADA
    )
    return bench


async def found(bench: Bench, *said: Predicate, text: str = "") -> list[str]:
    page = await bench.stacks.search(Search(predicates=said, text=text), by=ADA)
    return [stack.id for stack in page.items]


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (Predicate("name", strings=("alpha",)), ["alpha"]),
        (Predicate("name", strings=("alph",)), []),
        (Predicate("name", strings=("alpha", "beta")), ["alpha", "beta"]),
        (Predicate("name", strings=("alpha",), exclude=True), ["beta", "gamma-1"]),
        (Predicate("label", strings=("y",)), ["alpha"]),
        (Predicate("labels", strings=("x", "z")), ["alpha", "beta"]),
        (Predicate("locked", booleans=(False,)), ["alpha", "gamma-1"]),
        (Predicate("state", enums=("NONE",)), ["alpha", "beta", "gamma-1"]),
        (Predicate("state", enums=("NO SUCH",)), []),
        (Predicate("vendor", enums=("Ansible",)), ["beta"]),
        (Predicate("space", strings=(ROOT,)), ["alpha"]),
        (Predicate("commit", strings=("a" * 40,)), ["alpha"]),
        (
            Predicate("commit", strings=("a" * 40,), exclude=True),
            ["beta", "gamma-1"],
        ),
        (Predicate("name"), ["alpha", "beta", "gamma-1"]),
    ],
    ids=str,
)
async def test_a_predicate_finds(
    bench: Bench, said: Predicate, wanted: list[str]
) -> None:
    assert await found(bench, said) == wanted


async def test_two_predicates_on_one_field_both_hold(bench: Bench) -> None:
    both = [Predicate("labels", strings=(label,)) for label in ("x", "y")]
    assert await found(bench, *both) == ["alpha"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("BET", ["beta"]),
        ("100%", ["gamma-1"]),
        ("a_1", ["gamma-1"]),
        ("alpha y", ["alpha"]),
        ("l%a", []),
    ],
)
async def test_every_word_is_found_somewhere_and_is_no_pattern(
    bench: Bench, text: str, wanted: list[str]
) -> None:
    assert await found(bench, text=text) == wanted


async def test_a_field_nobody_allowed_is_an_error(bench: Bench) -> None:
    with pytest.raises(SearchFieldError):
        await found(bench, Predicate("lock_owner", strings=("x",)))


@pytest.mark.parametrize("field", ["name", "createdAt", "state", "starred", "space"])
@pytest.mark.parametrize("descending", [True, False])
async def test_pages_of_one_show_every_stack_once(
    bench: Bench, field: str, *, descending: bool
) -> None:
    order = Order(field, descending=descending)
    seen: list[str] = []
    after: str | None = None
    for _ in range(3):
        page = await bench.stacks.search(
            Search(first=1, after=after, order=order), by=ADA
        )
        assert page.has_previous is (after is not None)
        seen += [stack.id for stack in page.items]
        after = page.end_cursor
    assert not page.has_next
    assert sorted(seen) == ["alpha", "beta", "gamma-1"]


@pytest.mark.parametrize("after", ["?", "bm9uc2Vuc2U=", "WyJuYW1lIiwgZmFsc2Vd", "é"])
async def test_a_cursor_of_nothing_is_refused(bench: Bench, after: str) -> None:
    with pytest.raises(CursorError):
        await bench.stacks.search(Search(after=after), by=ADA)


async def test_a_cursor_of_another_order_is_refused(bench: Bench) -> None:
    page = await bench.stacks.search(Search(first=1), by=ADA)
    by_space = Search(after=page.end_cursor, order=Order("space"))
    with pytest.raises(CursorError):
        await bench.stacks.search(by_space, by=ADA)


async def test_an_empty_page_is_not_asked_for(bench: Bench) -> None:
    with pytest.raises(PageSizeError):
        await bench.stacks.search(Search(first=0), by=ADA)
    assert issubclass(PageSizeError, InvalidError)


async def test_what_is_in_a_hidden_space_is_in_no_list(bench: Bench) -> None:
    bench.hidden = (LEGACY,)
    both = [StackId("alpha"), StackId("beta")]

    assert await found(bench) == ["alpha"]
    assert [one.id for one in await bench.stacks.all(by=ADA)] == ["alpha"]
    assert list(await bench.stacks.some(both, by=ADA)) == ["alpha"]


async def test_a_state_that_was_recorded_is_searched(bench: Bench) -> None:
    at = bench.clock()
    await bench.stacks.record_state(StackId("beta"), "FAILED", at=at, by=SYSTEM)
    assert await found(bench, Predicate("state", enums=(StackState.FAILED,))) == [
        "beta"
    ]
