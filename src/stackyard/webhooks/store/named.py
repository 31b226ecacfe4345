from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.constraints import said_as
from stackyard.kernel.errors import StackyardError
from stackyard.kernel.ids import SpaceId, WebhookId
from stackyard.webhooks.errors import WebhookSlugTakenError, WebhookSpaceError
from stackyard.webhooks.model.named import NamedWebhook, SecretHeader

_MEANINGS: Final[dict[str, type[StackyardError]]] = {
    "pk_named_webhooks": WebhookSlugTakenError,
    "fk_named_webhooks_space_id": WebhookSpaceError,
}


@dataclass(frozen=True, slots=True)
class NamedWebhookStore:
    session: AsyncSession

    async def find(
        self, webhook_id: WebhookId, *, lock: bool = False
    ) -> NamedWebhook | None:
        """Load it; with *lock*, no one else may change it until we commit."""
        if lock:
            # reading afresh would drop what has been changed and not written yet
            await self.session.flush()
        return await self.session.get(
            NamedWebhook, webhook_id, with_for_update=lock, populate_existing=lock
        )

    async def write(self, webhook: NamedWebhook) -> None:
        """Send what changed now, and say what is wrong with it in our own words."""
        with said_as(_MEANINGS, webhook=webhook.id, space=webhook.space_id):
            async with self.session.begin_nested():
                self.session.add(webhook)

    async def remove(self, webhook: NamedWebhook) -> None:
        """Forget it, and by the database's cascade its headers."""
        await self.session.delete(webhook)
        await self.session.flush()

    async def header_names(self, webhook_id: WebhookId) -> Sequence[str]:
        query = (
            select(SecretHeader.name)
            .where(SecretHeader.webhook_id == webhook_id)
            .order_by(SecretHeader.name)
        )
        return (await self.session.scalars(query)).all()

    async def add_header(self, header: SecretHeader) -> None:
        self.session.add(header)
        await self.session.flush()

    async def remove_headers(
        self, webhook_id: WebhookId, names: Collection[str]
    ) -> None:
        await self.session.execute(
            delete(SecretHeader).where(
                SecretHeader.webhook_id == webhook_id, SecretHeader.name.in_(names)
            )
        )

    async def count_in(self, space: SpaceId) -> int:
        query = select(func.count()).where(NamedWebhook.space_id == space)
        return (await self.session.execute(query)).scalar_one()
