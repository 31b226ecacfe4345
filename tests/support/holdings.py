"""What consumers wrote down of what they had in hand, and what must be true of it."""

from collections import defaultdict
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
    asked_at: float
    taken_at: float
    done_at: float | None

    @property
    def until(self) -> float:
        """Return until when it was its consumer's alone, dead or alive."""
        done_at = inf if self.done_at is None else self.done_at
        return min(done_at, self.asked_at + VISIBILITY_SECONDS)


async def holdings(database: Database) -> list[Holding]:
    query = text(
        "SELECT message, message_group, n, asked_at, taken_at, done_at FROM holdings"
    )
    async with database.transaction() as session:
        return [Holding(*row) for row in await session.execute(query)]


def assert_never_in_two_hands(found: Iterable[Holding]) -> None:
    """Of a group, no two messages either: the next waits for the one before."""
    hands = defaultdict(list)
    for one in found:
        if one.taken_at < one.until:  # else its time was up before it came
            hands[one.group, one.group or one.message].append(one)
    for same in hands.values():
        same.sort(key=lambda one: one.taken_at)
        holder = same[0]
        for one in same[1:]:
            assert one.taken_at >= holder.until, (holder, one)
            holder = one


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
