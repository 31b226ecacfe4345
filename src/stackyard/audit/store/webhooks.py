"""All SQL about the webhook and what is on its way to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.audit.model.webhook import Delivery, Webhook
from stackyard.kernel.deliveries import DeliveryState

_KEPT: Final = ("id", "webhook_id", "about", "body", "state")
_TIMES: Final = ("created_at", "due_at", "attempts")


@dataclass(frozen=True, slots=True)
class WebhookStore:
    session: AsyncSession

    async def current(self, *, lock: bool = False) -> Webhook | None:
        query = select(Webhook).where(Webhook.slot == 1)
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return (await self.session.scalars(query)).one_or_none()

    async def write(self, webhook: Webhook) -> None:
        self.session.add(webhook)
        await self.session.flush()

    async def offer(self, deliveries: Iterable[Delivery]) -> None:
        """Put them down to be sent, each once: who repeats itself adds nothing."""
        rows = [
            {name: getattr(one, name) for name in (*_KEPT, *_TIMES)}
            for one in deliveries
        ]
        if rows:
            await self.session.execute(
                insert(Delivery).values(rows).on_conflict_do_nothing()
            )

    async def drop_waiting(self, webhook_id: str, *, at: datetime) -> None:
        await self.session.execute(
            update(Delivery)
            .where(
                Delivery.webhook_id == webhook_id,
                Delivery.state == DeliveryState.WAITING,
            )
            .values(state=DeliveryState.DROPPED, ended_at=at)
        )

    async def claim(self, *, now: datetime) -> tuple[Delivery, Webhook] | None:
        """Lock the next one that is due, unless somebody else has it, or all pause."""
        query = (
            select(Delivery, Webhook)
            .join(Webhook, Webhook.id == Delivery.webhook_id)
            .where(
                Delivery.state == DeliveryState.WAITING,
                Delivery.due_at <= now,
                or_(Webhook.paused_until.is_(None), Webhook.paused_until <= now),
            )
            .order_by(Delivery.id)
            .limit(1)
            .with_for_update(of=Delivery, skip_locked=True)
            .execution_options(populate_existing=True)
        )
        found = (await self.session.execute(query)).first()
        return None if found is None else (found[0], found[1])

    async def is_due(self, *, now: datetime) -> bool:
        query = (
            select(Delivery.id)
            .join(Webhook, Webhook.id == Delivery.webhook_id)
            .where(
                Delivery.state == DeliveryState.WAITING,
                Delivery.due_at <= now,
                or_(Webhook.paused_until.is_(None), Webhook.paused_until <= now),
            )
            .limit(1)
        )
        return await self.session.scalar(query) is not None

    async def find(self, delivery_id: str) -> tuple[Delivery, Webhook] | None:
        """Return a delivery and its webhook, both locked: the webhook first."""
        webhook_id = await self.session.scalar(
            select(Delivery.webhook_id).where(Delivery.id == delivery_id)
        )
        if webhook_id is None:
            return None
        webhook = await self.session.get(
            Webhook, webhook_id, with_for_update=True, populate_existing=True
        )
        delivery = await self.session.get(
            Delivery, delivery_id, with_for_update=True, populate_existing=True
        )
        if webhook is None or delivery is None:
            return None
        return delivery, webhook

    async def forget(self, *, before: datetime) -> None:
        """Drop the old log, and deleted webhooks that nothing is about any more."""
        await self.session.execute(delete(Delivery).where(Delivery.ended_at < before))
        await self.session.execute(
            delete(Webhook).where(
                Webhook.slot.is_(None),
                Webhook.updated_at < before,
                ~exists().where(Delivery.webhook_id == Webhook.id),
            )
        )
