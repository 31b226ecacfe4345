from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CursorResult, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.identity.model import ApiKey
from stackyard.kernel.ids import ApiKeyId


@dataclass(frozen=True, slots=True)
class KeyStore:
    session: AsyncSession

    async def add(self, key: ApiKey) -> None:
        self.session.add(key)
        await self.session.flush()

    async def find(self, key_id: ApiKeyId, *, lock: bool = False) -> ApiKey | None:
        """Return a key that was not deleted."""
        if "\0" in key_id:  # PostgreSQL would not even take the question
            return None
        query = select(ApiKey).where(ApiKey.id == key_id, ApiKey.deleted_at.is_(None))
        return await self.session.scalar(query.with_for_update() if lock else query)

    async def list(self) -> Sequence[ApiKey]:
        query = select(ApiKey).where(ApiKey.deleted_at.is_(None)).order_by(ApiKey.id)
        return (await self.session.scalars(query)).all()

    async def note_use(self, key: ApiKey, *, at: datetime) -> None:
        """Write the last use. Of many requests at once, one writes."""
        seen = key.last_used_at
        await self.session.execute(
            update(ApiKey)
            .where(
                ApiKey.id == key.id,
                or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at == seen),
            )
            .values(last_used_at=at)
            .execution_options(synchronize_session=False)
        )

    async def forget_deleted(self, *, before: datetime) -> int:
        result = await self.session.execute(
            delete(ApiKey).where(ApiKey.deleted_at < before)
        )
        return result.rowcount if isinstance(result, CursorResult) else 0
