from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import GpgKeyId
from stackyard.registry.providers.model import GpgKey
from stackyard.registry.providers.store.meanings import write


@dataclass(frozen=True, slots=True)
class GpgKeyStore:
    session: AsyncSession

    async def all(self) -> Sequence[GpgKey]:
        query = select(GpgKey).order_by(GpgKey.name, GpgKey.id)
        return (await self.session.scalars(query)).all()

    async def some(self, ids: Collection[GpgKeyId]) -> dict[GpgKeyId, GpgKey]:
        query = select(GpgKey).where(GpgKey.id.in_(ids))
        return {one.id: one for one in await self.session.scalars(query)}

    async def find(self, key_id: GpgKeyId, *, lock: bool = False) -> GpgKey | None:
        return await self.session.get(
            GpgKey, key_id, with_for_update=lock, populate_existing=lock
        )

    async def add(self, key: GpgKey) -> None:
        async with self.session.begin_nested():
            self.session.add(key)
            await write(self.session, key=key.key_id)
