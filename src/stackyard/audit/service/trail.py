"""Write down what was done, in the transaction that does it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stackyard.audit.events import EntriesRecorded
from stackyard.audit.model.entry import Deed, Entry, Outcome, Refusal
from stackyard.audit.ports import RolesOf
from stackyard.audit.store import AuditStore
from stackyard.kernel.access import Subject
from stackyard.kernel.audit import Resource
from stackyard.kernel.clock import Clock
from stackyard.kernel.events import Outbox
from stackyard.kernel.ids import SpaceId
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.origin import origin


@dataclass(slots=True)
class AuditTrail:
    """Implements `kernel.audit.Trail`. One per unit: that there is news is told once.

    It asks no leave: whoever calls it has, and a refusal is news as well.
    """

    store: AuditStore
    outbox: Outbox
    clock: Clock
    roles_of: RolesOf
    last: str = ""  # the id of the unit's last entry

    @needs(Rule.PARENT)
    async def note(
        self,
        action: str,
        affected: Resource,
        *,
        by: Subject,
        related: Resource | None = None,
        space: SpaceId | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        await self.record(Deed(action, affected, related, space, facts), by=by)

    @needs(Rule.PARENT)
    async def note_failed_sign_in(
        self, affected: Resource, *, by: Subject, facts: Mapping[str, Any] | None = None
    ) -> None:
        deed = Deed("login.fail", affected, facts=facts, outcome=Outcome.SIGN_IN_FAILED)
        await self.record(deed, by=by)

    @needs(Rule.PARENT)
    async def note_refusal(self, refusal: Refusal, *, by: Subject) -> None:
        await self.record(refusal.deed, by=by)

    @needs(Rule.PARENT)
    async def record(self, deed: Deed, *, by: Subject) -> Entry:
        at = self.clock()
        roles = await self.roles_of(by)
        entry = Entry.write(deed, origin(), by=by, roles=roles, at=at, after=self.last)
        self.store.add(entry)
        if not self.last:
            await self.outbox.add(EntriesRecorded(at=at))
        self.last = entry.id
        return entry
