"""How the webhooks of stacks and modules come to be told: the platform's own acts.

What there is to tell is put down in the transaction in which it happens, and sent by
whoever drains the queue; no transaction waits for an endpoint.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stackyard.kernel.access import Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.deliveries import LOG_KEPT, DeliveryState, Outgoing
from stackyard.kernel.events import Outbox
from stackyard.kernel.ids import StackId
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.outbound import Posted
from stackyard.kernel.secrets import UnsealError, Vault
from stackyard.kernel.site import Site
from stackyard.stacks import Stacks
from stackyard.webhooks.events import HookDeliveriesDue
from stackyard.webhooks.model.delivery import HookDelivery
from stackyard.webhooks.model.own import StackWebhook
from stackyard.webhooks.store import HookDeliveryStore


@dataclass(frozen=True, slots=True)
class HookDeliveries:
    store: HookDeliveryStore
    stacks: Stacks
    outbox: Outbox
    vault: Vault
    clock: Clock
    site: Site
    trail: Trail

    @needs(Rule.PLATFORM)
    async def listening(
        self, stack_id: StackId, *, by: Subject
    ) -> Sequence[StackWebhook]:
        """Return those of a project that want to be told."""
        del by
        return await self.store.listening(stack_id)

    @needs(Rule.PLATFORM)
    async def offer(
        self,
        listening: Sequence[StackWebhook],
        about: str,
        told: Mapping[str, Any],
        *,
        by: Subject,
    ) -> None:
        """Tell them what happened, and in which account."""
        del by
        said = {"account": self.site.account, **told}
        body = json.dumps(said, separators=(",", ":"))
        now = self.clock()
        await self.store.add(
            [HookDelivery.of(one, about, body, at=now) for one in listening]
        )
        await self.outbox.add(HookDeliveriesDue(at=now))

    @needs(Rule.PLATFORM)
    async def claim(self, *, by: Subject) -> Outgoing | None:
        """Return what is to be sent now, to nobody but the caller for a while."""
        now = self.clock()
        while found := await self.store.claim(now=now):
            delivery, webhook = found
            delivery.lend(at=now)
            try:
                secret = webhook.clear_secret(self.vault)
            except UnsealError as error:  # another key: somebody has to set it up anew
                await self._settle(delivery, webhook, Posted(problem=str(error)), by=by)
                continue
            return Outgoing.signed(
                delivery.id, webhook.endpoint, delivery.body, secret=secret, headers={}
            )
        return None

    @needs(Rule.PLATFORM)
    async def answered(self, delivery_id: str, posted: Posted, *, by: Subject) -> None:
        """Note what became of it."""
        found = await self.store.find(delivery_id)
        if found is not None and found[0].state is DeliveryState.WAITING:
            await self._settle(*found, posted, by=by)

    @needs(Rule.PLATFORM)
    async def tell_due(self, *, by: Subject) -> None:
        """Have sent what waits for its time, or whose message came to nothing."""
        del by
        now = self.clock()
        if await self.store.is_due(now=now):
            await self.outbox.add(HookDeliveriesDue(at=now))

    @needs(Rule.PLATFORM)
    async def forget(self, *, by: Subject) -> None:
        del by
        await self.store.forget(before=self.clock() - LOG_KEPT)

    async def _settle(
        self,
        delivery: HookDelivery,
        webhook: StackWebhook,
        posted: Posted,
        *,
        by: Subject,
    ) -> None:
        was_enabled, at = webhook.enabled, self.clock()
        delivery.settle(webhook, posted, at=at)
        if was_enabled and not webhook.enabled:
            await self.store.drop_waiting(webhook.id, at=at)
            await self._note_disabled(webhook, by=by)

    async def _note_disabled(self, webhook: StackWebhook, *, by: Subject) -> None:
        project = await self.stacks.project(webhook.stack_id, by=by)
        await self.trail.note(
            "webhook.disable",
            Resource(ResourceType.WEBHOOK, webhook.id),
            related=project.resource(),
            space=project.space_id,
            facts=webhook.facts(),
            by=by,
        )
