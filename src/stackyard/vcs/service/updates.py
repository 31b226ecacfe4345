"""See that every move of a branch is acted on, whatever became of its message."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.clock import Clock
from stackyard.kernel.events import Outbox
from stackyard.kernel.ids import ROOT
from stackyard.kernel.needs import Rule, needs
from stackyard.vcs.events import RefUpdated
from stackyard.vcs.model import UnheardUpdate, is_overtaken
from stackyard.vcs.store import RepositoryStore

MOST_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class RefUpdates:
    store: RepositoryStore
    access: Access
    outbox: Outbox
    clock: Clock

    @needs(Rule.PLATFORM)
    async def tell_again(self, *, by: Subject) -> Sequence[UnheardUpdate]:
        """Tell once more of what should have been acted on by now; return that.

        Through the outbox and not directly: what of the same repository still waits
        in the queue has to come first, or an older commit would run after a newer.
        """
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        now = self.clock()
        due = await self.store.unheard(now=now, limit=MOST_AT_ONCE)
        for update in due:
            await self.outbox.add(update.tell_again(at=now))
        return due

    @needs(Rule.PLATFORM)
    async def is_overtaken(self, event: RefUpdated, *, by: Subject) -> bool:
        """Whether a later move of the same branch has been acted on already."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        head, waiting = await self.store.standing(event.repo_id, event.ref)
        return is_overtaken(event.after, head=head, waiting=waiting)

    @needs(Rule.PLATFORM)
    async def heard(self, event: RefUpdated, *, by: Subject) -> None:
        """Note that all that *event* should cause has been caused."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        await self.store.heard(event.repo_id, event.ref, event.version)
