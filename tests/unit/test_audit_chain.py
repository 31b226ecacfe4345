"""The chain: whatever is done to a sealed trail is found."""

from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackyard.audit import Entry, Finding, Mark, Problem
from stackyard.audit.model.chain import Chain, Verifier, digest_of
from stackyard.audit.model.entry import CONTENTS, Deed
from stackyard.kernel.access import Subject, SubjectKind
from stackyard.kernel.audit import Resource, ResourceType
from stackyard.kernel.origin import Origin

ADA = Subject(SubjectKind.USER, "ada", "ada", admin=True)
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@dataclass
class Row:
    """An entry as somebody with the database at hand sees it."""

    id: str
    values: dict[str, Any]
    digest: bytes
    position: int
    previous: bytes
    hash: bytes

    @property
    def contents(self) -> list[Any]:
        return [self.values[name] for name in CONTENTS]

    def set(self, name: str, value: Any) -> None:
        self.values = self.values | {name: value}


def entry(number: int) -> Entry:
    return Entry.write(
        Deed("stack.update", Resource(ResourceType.STACK, f"net-{number}")),
        Origin(address="203.0.113.9", mutation="stackUpdate", arguments={"id": "net"}),
        by=ADA,
        at=NOON + timedelta(seconds=number),
    )


@dataclass
class Trail:
    """A sealed trail of so many entries, the first of which may be gone already."""

    length: int
    gone: int = 0
    chain: Chain = field(default_factory=Chain.first)

    def __post_init__(self) -> None:
        self.rows = []
        for number in range(self.length):
            one = entry(number)
            self.chain.seal(one)
            assert one.position is not None
            assert one.previous is not None
            assert one.hash is not None
            values = dict(zip(CONTENTS, one.contents, strict=True))
            self.rows.append(
                Row(one.id, values, one.digest, one.position, one.previous, one.hash)
            )
        if self.gone:
            last = self.rows[self.gone - 1]
            self.chain.remove(Mark(last.position, last.hash))
            del self.rows[: self.gone]

    def verify(self, witness: Mark | None = None) -> Finding | None:
        verifier = Verifier(self.chain.anchor, self.chain.head, witness)
        rows = sorted(self.rows, key=lambda row: row.position)
        found = verifier.begin()
        for row in rows:
            found = found or verifier.check(row)
        return found or verifier.end()


@st.composite
def trails(draw: st.DrawFn, least: int = 1) -> Trail:
    left = draw(st.integers(least, 6))
    gone = draw(st.integers(0, 3))
    return Trail(left + gone, gone)


@given(trails(least=0))
def test_a_trail_that_nobody_touched_is_sound(trail: Trail) -> None:
    assert trail.verify() is None


@given(trails(), st.data())
def test_any_altered_value_is_found_where_it_is(
    trail: Trail, data: st.DataObject
) -> None:
    row = data.draw(st.sampled_from(trail.rows))
    name = data.draw(st.sampled_from(CONTENTS))
    before = row.values[name]
    after: object = data.draw(
        st.one_of(st.none(), st.text(max_size=3), st.integers(), st.just([]))
    )
    if (after, type(after)) == (before, type(before)):
        return
    row.set(name, after)
    found = trail.verify()
    assert found is not None
    assert (found.problem, found.position) == (Problem.ALTERED, row.position)


@given(trails(), st.data())
def test_an_altered_value_with_a_digest_that_fits_it_is_found(
    trail: Trail, data: st.DataObject
) -> None:
    row = data.draw(st.sampled_from(trail.rows))
    row.set("action", "stack.read")
    row.digest = digest_of(row.contents)

    found = trail.verify()

    assert found is not None
    assert found.position == row.position


@given(trails(), st.data())
def test_any_altered_link_is_found(trail: Trail, data: st.DataObject) -> None:
    row = data.draw(st.sampled_from(trail.rows))
    column = data.draw(st.sampled_from(["digest", "previous", "hash"]))
    setattr(row, column, data.draw(st.binary(min_size=31, max_size=33)))

    found = trail.verify()

    assert found is not None
    assert found.position in {row.position, row.position + 1}


@given(trails(), st.data())
def test_any_entry_that_was_removed_is_missed_at_its_place(
    trail: Trail, data: st.DataObject
) -> None:
    row = data.draw(st.sampled_from(trail.rows))
    trail.rows.remove(row)

    assert trail.verify() == Finding(Problem.REMOVED, row.position)


@given(trails(least=2), st.data())
def test_two_entries_that_changed_places_are_found(
    trail: Trail, data: st.DataObject
) -> None:
    one, other = data.draw(
        st.lists(
            st.sampled_from(range(len(trail.rows))), min_size=2, max_size=2, unique=True
        )
    )
    first, second = trail.rows[one], trail.rows[other]
    how = data.draw(st.sampled_from(["positions", "contents", "contents and digests"]))
    if how == "positions":
        first.position, second.position = second.position, first.position
    else:
        first.values, second.values = second.values, first.values
    if how == "contents and digests":
        first.digest, second.digest = second.digest, first.digest

    found = trail.verify()

    assert found is not None
    assert found.position == min(first.position, second.position)


@given(trails(), st.data())
def test_an_entry_that_was_slipped_in_is_found(
    trail: Trail, data: st.DataObject
) -> None:
    model = copy(data.draw(st.sampled_from(trail.rows)))
    model.position = data.draw(
        st.sampled_from([trail.chain.anchor_position, trail.chain.position + 1])
    )
    trail.rows.append(model)

    found = trail.verify()

    assert found == Finding(Problem.INSERTED, model.position, model.id)


@given(trails(least=0), st.data())
def test_a_beginning_or_an_end_that_was_moved_is_found(
    trail: Trail, data: st.DataObject
) -> None:
    column = data.draw(
        st.sampled_from(["position", "hash", "anchor_position", "anchor_hash"])
    )
    before = getattr(trail.chain, column)
    kinds: Any = (
        st.binary(min_size=32, max_size=32)
        if column.endswith("hash")
        else st.integers(-2, 20)
    )
    setattr(trail.chain, column, data.draw(kinds.filter(lambda one: one != before)))

    assert trail.verify() is not None


def test_a_chain_that_begins_with_something_else_than_nothing_is_found() -> None:
    trail = Trail(0)
    trail.chain.hash = trail.chain.anchor_hash = b"\1" * 32

    assert trail.verify() == Finding(Problem.BEGINNING, 0)


def test_what_was_altered_before_it_was_sealed_shows_afterwards() -> None:
    chain, one = Chain.first(), entry(1)
    one.action = "stack.read"
    chain.seal(one)
    verifier = Verifier(chain.anchor, chain.head)

    assert verifier.begin() is None
    assert verifier.check(one) == Finding(Problem.ALTERED, 1, one.id)


def test_a_whole_new_chain_does_not_pass_a_witness() -> None:
    trail, other = Trail(5), Trail(7)
    witness = Mark(3, trail.rows[2].hash)

    assert trail.verify(witness) is None
    assert other.verify() is None
    assert other.verify(witness) == Finding(Problem.WITNESS, 3, other.rows[2].id)
    assert trail.verify(replace(witness, position=9)) == Finding(Problem.WITNESS, 9)


def test_a_mark_can_be_written_down_and_read() -> None:
    mark = Mark(4711, b"\1" * 32)

    assert Mark.parse(str(mark)) == mark
    with pytest.raises(ValueError, match="invalid"):
        Mark.parse("end")


def test_the_form_of_what_is_hashed_never_changes() -> None:
    """A trail that was sealed by an older version has to verify with this one."""
    one = entry(1)
    one.id, one.at = "01ARZ3NDEKTSV4RRFFQ69G5FAV", NOON

    assert digest_of(one.contents).hex() == (
        "cdef6386ff08be5ffa6f473d85e9ff1f48eb79509b6e3418fd09c34842a3b1b7"
    )
