import pytest

from stackyard.kernel.access import Action, Level
from stackyard.kernel.errors import ProblemsError
from stackyard.kernel.ids import new_ulid, slugify
from stackyard.kernel.search import (
    MOST_PREDICATES,
    MOST_VALUES,
    MOST_WORDS,
    Cursor,
    CursorError,
    Predicate,
    Search,
    SearchTooLargeError,
    decode_cursor,
    decode_place,
)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Provider test stack ab3cd", "provider-test-stack-ab3cd"),
        ("  net -- work! ", "net-work"),
        ("äö", ""),
    ],
)
def test_a_slug_is_lower_case_with_single_dashes(name: str, slug: str) -> None:
    assert slugify(name) == slug


def test_ulids_are_26_characters_and_never_repeat() -> None:
    ulids = {new_ulid() for _ in range(100)}

    assert len(ulids) == 100
    assert all(len(ulid) == 26 and ulid.isupper() for ulid in ulids)


def test_an_action_that_no_table_names_needs_an_administrator() -> None:
    assert Action.STACK_CREATE.level is Level.ADMIN
    assert Action.RUN_CONFIRM.level is Level.WRITE
    assert Action.SPACE_READ.level is Level.READ


def test_problems_are_said_all_at_once() -> None:
    assert str(ProblemsError("a is missing", "b is odd")) == "a is missing; b is odd"


def test_an_id_can_be_made_to_follow_another_of_the_same_millisecond() -> None:
    ids = [""]
    for _ in range(100):
        ids.append(new_ulid(ids[-1]))

    assert ids == sorted(set(ids))
    assert {len(one) for one in ids[1:]} == {26}


@pytest.mark.parametrize(("asked", "given"), [(None, 50), (50, 50), (1000, 100)])
def test_a_page_holds_50_if_nothing_is_said_and_never_more_than_100(
    asked: int | None, given: int
) -> None:
    assert Search(first=asked).limit == given


def test_a_search_is_of_a_size_that_can_be_looked_for() -> None:
    """Every word and value is put into SQL: thousands would keep everybody waiting."""
    said = Predicate("name", strings=("x",) * MOST_VALUES)
    assert Search(text="x " * MOST_WORDS, predicates=(said,))
    assert Search(predicates=(Predicate("name"),) * MOST_PREDICATES)

    for too_much in (
        {"text": "x " * (MOST_WORDS + 1)},
        {"predicates": (Predicate("name"),) * (MOST_PREDICATES + 1)},
        {"predicates": (said, Predicate("state", enums=("NONE",)))},
    ):
        with pytest.raises(SearchTooLargeError, match="a search has at most"):
            Search(**too_much)


@pytest.mark.parametrize("place", ["", "x", "-1", "1.5", "9" * 19, "9" * 5000])
def test_a_place_that_no_answer_named_is_refused(place: str) -> None:
    with pytest.raises(CursorError):
        decode_place(place)


def test_a_cursor_that_nothing_here_can_store_is_refused() -> None:
    for cursor in (Cursor("name", False, "a\0", "x"), Cursor("name", False, "a", "\0")):
        with pytest.raises(CursorError):
            decode_cursor(cursor.encode())
