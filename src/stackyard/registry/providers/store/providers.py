from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import ProviderId, SpaceId
from stackyard.registry.providers.model import TerraformProvider
from stackyard.registry.providers.store.meanings import write


@dataclass(frozen=True, slots=True)
class ProviderStore:
    session: AsyncSession

    async def find(
        self, provider_id: ProviderId, *, lock: bool = False
    ) -> TerraformProvider | None:
        """Load it; with *lock*, no one else may change it until we commit."""
        return await self.session.get(
            TerraformProvider, provider_id, with_for_update=lock, populate_existing=lock
        )

    async def all_in(self, spaces: Select[SpaceId]) -> Sequence[TerraformProvider]:
        query = (
            select(TerraformProvider)
            .where(TerraformProvider.space_id.in_(spaces))
            .order_by(TerraformProvider.id)
        )
        return (await self.session.scalars(query)).all()

    async def some_of(
        self, ids: Collection[ProviderId], spaces: Select[SpaceId]
    ) -> dict[ProviderId, TerraformProvider]:
        query = select(TerraformProvider).where(
            TerraformProvider.id.in_(ids), TerraformProvider.space_id.in_(spaces)
        )
        return {one.id: one for one in await self.session.scalars(query)}

    async def is_in(self, provider_id: ProviderId, spaces: Select[SpaceId]) -> bool:
        return bool(await self.some_of([provider_id], spaces))

    async def count_in(self, space: SpaceId) -> int:
        query = select(func.count()).where(TerraformProvider.space_id == space)
        return (await self.session.execute(query)).scalar_one()

    async def add(self, provider: TerraformProvider) -> None:
        async with self.session.begin_nested():
            self.session.add(provider)
            await self.write(provider)

    async def write(self, provider: TerraformProvider) -> None:
        await write(self.session, provider=provider.id, space=provider.space_id)

    async def remove(self, provider: TerraformProvider) -> None:
        """Forget it, and by the database's cascade its versions."""
        await self.session.delete(provider)
        await self.session.flush()
