"""What consumers wrote down of what they had in hand, and what must be true of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import inf

from sqlalchemy import text

from stackyard.adapters.postgres import Database
from tests.support.consumer import VISIBILITY_SECONDS


@dataclass(frozen=True)
class Holding:
    """One delivery. It was hidden at some moment from *asked_at* to *taken_at*.

    Without *done_at* its consumer died of it.
    """

    message: str
    group: str | None
    n: int
    poison: bool
    asked_at: float
    taken_at: float
    done_at: float | None

    @property
    def time_up_at(self) -> float:
        return self.asked_at + VISIBILITY_SECONDS

    @property
    def let_go_at(self) -> float:
        """Return when another message of the group may come, at the earliest."""
        return min(inf if self.done_at is None else self.done_at, self.time_up_at)

    @property
    def back_at(self) -> float:
        """Return when it may come back: what is not poison is not let go of before."""
        return self.let_go_at if self.poison else self.time_up_at


async def holdings(database: Database) -> list[Holding]:
    query = text(
        "SELECT message, message_group, n, poison, asked_at, taken_at, done_at"
        " FROM holdings"
    )
    async with database.transaction() as session:
        return [Holding(*row) for row in await session.execute(query)]


def assert_never_in_two_hands(found: Iterable[Holding]) -> None:
    """Of a group, no two messages either: the next waits for the one before."""
    in_time = [one for one in found if one.taken_at < one.time_up_at]
    in_time.sort(key=lambda one: one.taken_at)
    by_message: dict[str, Holding] = {}
    by_group: dict[str, Holding] = {}
    for one in in_time:
        if before := by_message.get(one.message):
            assert one.taken_at >= before.back_at, (before, one)
        by_message[one.message] = one
        if one.group is not None:
            if before := by_group.get(one.group):
                assert one.taken_at >= before.let_go_at, (before, one)
            by_group[one.group] = one


def assert_in_order(found: Iterable[Holding]) -> None:
    """Nothing of a group was asked for again after what stands behind it was there."""
    in_groups = [one for one in found if one.group is not None]
    in_groups.sort(key=lambda one: (one.group, one.n))
    for _, members in groupby(in_groups, key=lambda one: one.group):
        asked_before = -inf
        for _, same in groupby(members, key=lambda one: one.n):
            again: Sequence[Holding] = list(same)
            assert min(one.taken_at for one in again) >= asked_before, again
            asked_before = max(asked_before, *(one.asked_at for one in again))
