"""Chain what was written down, offer it to the webhook, and let go of what is old."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from stackyard.audit.events import DeliveriesDue, EntriesRecorded
from stackyard.audit.model.entry import Entry
from stackyard.audit.model.webhook import Delivery, payload
from stackyard.audit.service.leave import require_administrator
from stackyard.audit.store import AuditStore, WebhookStore
from stackyard.kernel.access import Access, Subject
from stackyard.kernel.clock import Clock
from stackyard.kernel.events import Outbox
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.site import Site

MOST_AT_ONCE: Final = 500
# Longer than a message takes when all is well: older ones have none any more.
OVERDUE: Final = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Sealing:
    store: AuditStore
    webhooks: WebhookStore
    access: Access
    outbox: Outbox
    clock: Clock
    site: Site

    @needs(Rule.PLATFORM)
    async def seal(self, *, by: Subject) -> int:
        """Append what is committed and not in the chain yet; return how much that was.

        In the order of their ids, which is nearly that of their times: a transaction
        that took long finds its entries behind later ones. One at a time, by the lock
        on the chain's row.
        """
        await require_administrator(self.access, by)
        chain = await self.store.chain()
        entries = await self.store.unsealed(limit=MOST_AT_ONCE)
        for entry in entries:
            chain.seal(entry)
        await self._offer(entries)
        if len(entries) == MOST_AT_ONCE:
            await self.outbox.add(EntriesRecorded(at=self.clock()))
        return len(entries)

    @needs(Rule.PLATFORM)
    async def is_overdue(self, *, by: Subject) -> bool:
        """Whether something waits to be sealed whose message came to nothing."""
        await require_administrator(self.access, by)
        return await self.store.has_unsealed(before=self.clock() - OVERDUE)

    @needs(Rule.PLATFORM)
    async def forget(self, retention: timedelta, *, by: Subject) -> bool:
        """Remove a batch of what is older, from the front; whether there may be more.

        The chain's row keeps the hash of the last one removed: what is left can still
        be verified, and has to begin there. What is not sealed yet stays.
        """
        await require_administrator(self.access, by)
        chain = await self.store.chain()
        last = await self.store.front(
            before=self.clock() - retention,
            after=chain.anchor_position,
            limit=MOST_AT_ONCE,
        )
        if last is None:
            return False
        full = last.position - chain.anchor_position >= MOST_AT_ONCE
        chain.remove(last)
        await self.store.remove_up_to(last.position)
        return full

    async def _offer(self, entries: Sequence[Entry]) -> None:
        webhook = await self.webhooks.current()
        if not entries or webhook is None or not webhook.enabled:
            return
        at, account = self.clock(), self.site.account
        deliveries: list[Delivery] = []
        for entry in entries:
            after = deliveries[-1].id if deliveries else ""
            body = payload(entry, account=account)
            deliveries.append(Delivery.of(webhook, entry.id, body, at=at, after=after))
        await self.webhooks.offer(deliveries)
        await self.outbox.add(DeliveriesDue(at=at))
