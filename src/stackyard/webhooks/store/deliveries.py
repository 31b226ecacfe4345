from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.deliveries import DeliveryState
from stackyard.kernel.ids import StackId, WebhookId
from stackyard.webhooks.model.delivery import HookDelivery
from stackyard.webhooks.model.own import StackWebhook


@dataclass(frozen=True, slots=True)
class HookDeliveryStore:
    session: AsyncSession

    async def listening(self, stack_id: StackId) -> Sequence[StackWebhook]:
        query = select(StackWebhook).where(
            StackWebhook.stack_id == stack_id, StackWebhook.enabled
        )
        return (await self.session.scalars(query)).all()

    async def add(self, deliveries: Iterable[HookDelivery]) -> None:
        self.session.add_all(deliveries)
        await self.session.flush()

    async def drop_waiting(self, webhook_id: WebhookId, *, at: datetime) -> None:
        await self.session.execute(
            update(HookDelivery)
            .where(
                HookDelivery.webhook_id == webhook_id,
                HookDelivery.state == DeliveryState.WAITING,
            )
            .values(state=DeliveryState.DROPPED, ended_at=at)
        )

    async def claim(self, *, now: datetime) -> tuple[HookDelivery, StackWebhook] | None:
        """Lock the next one that is due and that nobody else has, and its webhook.

        It waits for neither: who waits for one with the other in hand waits for ever.
        """
        query = (
            select(HookDelivery, StackWebhook)
            .join(StackWebhook, StackWebhook.id == HookDelivery.webhook_id)
            .where(_due(now))
            .order_by(HookDelivery.created_at, HookDelivery.id)
            .limit(1)
            .with_for_update(
                of=(HookDelivery, StackWebhook), skip_locked=True, key_share=True
            )
            .execution_options(populate_existing=True)
        )
        found = (await self.session.execute(query)).first()
        return None if found is None else (found[0], found[1])

    async def is_due(self, *, now: datetime) -> bool:
        query = (
            select(HookDelivery.id)
            .join(StackWebhook, StackWebhook.id == HookDelivery.webhook_id)
            .where(_due(now))
            .limit(1)
        )
        return await self.session.scalar(query) is not None

    async def find(self, delivery_id: str) -> tuple[HookDelivery, StackWebhook] | None:
        """Return a delivery and its webhook, both locked: the webhook first."""
        webhook_id = await self.session.scalar(
            select(HookDelivery.webhook_id).where(HookDelivery.id == delivery_id)
        )
        if webhook_id is None:
            return None
        webhook = await self.session.get(
            StackWebhook, webhook_id, with_for_update=True, populate_existing=True
        )
        delivery = await self.session.get(
            HookDelivery, delivery_id, with_for_update=True, populate_existing=True
        )
        if webhook is None or delivery is None:
            return None
        return delivery, webhook

    async def forget(self, *, before: datetime) -> None:
        """Drop the old log."""
        await self.session.execute(
            delete(HookDelivery).where(HookDelivery.ended_at < before)
        )


def _due(now: datetime) -> ColumnElement[bool]:
    """Say of a delivery that it is due, and that its webhook does not pause."""
    return and_(
        HookDelivery.state == DeliveryState.WAITING,
        HookDelivery.due_at <= now,
        or_(StackWebhook.paused_until.is_(None), StackWebhook.paused_until <= now),
    )
