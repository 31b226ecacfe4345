from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import StackId, WebhookId
from stackyard.webhooks.errors import EndpointTakenError
from stackyard.webhooks.model.own import StackWebhook


@dataclass(frozen=True, slots=True)
class StackWebhookStore:
    session: AsyncSession

    async def find(
        self, stack_id: StackId, webhook_id: WebhookId
    ) -> StackWebhook | None:
        """Load it, so that no delivery changes it until we commit."""
        found = await self.session.get(
            StackWebhook, webhook_id, with_for_update=True, populate_existing=True
        )
        return found if found and found.stack_id == stack_id else None

    async def write(self, webhook: StackWebhook) -> None:
        """Send what changed now, and say if the endpoint is told already."""
        facts = {"stack": webhook.stack_id, "webhook": webhook.id}
        try:
            async with self.session.begin_nested():
                self.session.add(webhook)
        except IntegrityError:
            raise EndpointTakenError(**facts) from None

    async def remove(self, webhook: StackWebhook) -> None:
        await self.session.delete(webhook)
        await self.session.flush()

    async def of(self, stack_ids: Collection[StackId]) -> Sequence[StackWebhook]:
        """Return those of these projects, the oldest first."""
        query = (
            select(StackWebhook)
            .where(StackWebhook.stack_id.in_(stack_ids))
            .order_by(StackWebhook.id)
        )
        return (await self.session.scalars(query)).all()
