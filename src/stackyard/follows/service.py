"""Use cases of following: look round, hear answers, go on. The platform's own acts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from stackyard.follows.events import RemotesDue
from stackyard.follows.model import AWAY_AFTER, Moved, Pace
from stackyard.follows.store import FollowStore
from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.clock import Clock
from stackyard.kernel.events import Outbox
from stackyard.kernel.ids import ROOT
from stackyard.kernel.needs import Rule, needs

MOST_NEW: Final = 1_000
MOST_DUE: Final = 50  # in one message; its answers come within the lease


@dataclass(frozen=True, slots=True)
class Question:
    """Where are these branches?"""

    url: str
    branches: frozenset[str]


@dataclass(frozen=True, slots=True)
class Follows:
    store: FollowStore
    access: Access
    outbox: Outbox
    clock: Clock
    every: timedelta
    luck: Callable[[], float]  # from 0 to 1

    @needs(Rule.PLATFORM)
    async def look_round(self, *, by: Subject) -> bool:
        """Take in new stacks and have asked who is due; whether we had been away.

        A constant number of statements, however much there is. One at a time, by the
        lock on the pulse; each lends out what it found, so all have their share.
        """
        await self._require(by)
        now = self.clock()
        was_away = (await self.store.pulse(now)).beat(now)
        if was_away:
            await self.store.hasten(at=now, within=min(self.every, AWAY_AFTER))
        new = await self.store.unfollowed(limit=MOST_NEW)
        if new:
            await self.store.begin(new, at=now)
        due = await self.store.due(now=now, limit=MOST_DUE)
        for remote in due:
            remote.lend(now)
        if due:
            urls = tuple(remote.url for remote in due)
            await self.outbox.add(RemotesDue(urls=urls, at=now))
        return was_away

    @needs(Rule.PLATFORM)
    async def questions(self, urls: Sequence[str], *, by: Subject) -> list[Question]:
        """Return what to ask each of *urls* that is still followed."""
        await self._require(by)
        found = await self.store.branches(urls)
        return [Question(url, frozenset(found[url])) for url in urls if url in found]

    @needs(Rule.PLATFORM)
    async def answered(
        self, url: str, heads: Mapping[str, str], *, by: Subject
    ) -> list[Moved]:
        """Compare *heads*, hashes by branch, with the cursors; return what is new.

        The cursors of those stay where they are until `advance`: an answer that is
        lost on the way is given again.
        """
        await self._require(by)
        remote = await self.store.remote(url)
        if remote is None:
            return []
        remote.answered(self.clock(), self._pace())
        cursors = await self.store.cursors(url)
        seen = [cursor.see(heads.get(cursor.branch)) for cursor in cursors]
        return [moved for moved in seen if moved is not None]

    @needs(Rule.PLATFORM)
    async def failed(self, url: str, problem: str, *, by: Subject) -> bool:
        """Ask again later; whether the problem is a new one."""
        await self._require(by)
        remote = await self.store.remote(url)
        if remote is None:
            return False
        return remote.failed(problem, self.clock(), self._pace())

    @needs(Rule.PLATFORM)
    async def advance(self, moved: Moved, *, by: Subject) -> bool:
        """Go on to the new commit, in the transaction that acts on it.

        False if there is nothing to act on: somebody was faster, or the stack follows
        something else by now.
        """
        await self._require(by)
        cursor = await self.store.cursor(moved.stack_id)
        return cursor is not None and cursor.advance(moved)

    @needs(Rule.PLATFORM)
    async def forget_idle(self, *, by: Subject) -> None:
        """Forget what no stack follows any more."""
        await self._require(by)
        await self.store.pulse(self.clock())  # so that nobody takes it in right now
        await self.store.forget()

    def _pace(self) -> Pace:
        return Pace(self.every, self.luck())

    async def _require(self, by: Subject) -> None:
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
