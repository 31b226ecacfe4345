from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import ProviderId, ProviderVersionId
from stackyard.registry.providers.model import (
    ProviderPlatform,
    ProviderVersion,
    ProviderVersionStatus,
)
from stackyard.registry.providers.store.meanings import write


@dataclass(frozen=True, slots=True)
class VersionStore:
    session: AsyncSession

    async def find(
        self, version_id: ProviderVersionId, *, lock: bool = False
    ) -> ProviderVersion | None:
        """Load it; with *lock*, no one else may change it until we commit."""
        return await self.session.get(
            ProviderVersion, version_id, with_for_update=lock, populate_existing=lock
        )

    async def of(self, providers: Collection[ProviderId]) -> Sequence[ProviderVersion]:
        """Return all of these providers' versions, the newest first."""
        query = (
            select(ProviderVersion)
            .where(ProviderVersion.provider_id.in_(providers))
            .order_by(ProviderVersion.created_at.desc(), ProviderVersion.id.desc())
        )
        return (await self.session.scalars(query)).all()

    async def lock_all(self, provider: ProviderId) -> Sequence[ProviderVersion]:
        """Load all of a provider's, the oldest first; none is published meanwhile."""
        query = (
            select(ProviderVersion)
            .where(ProviderVersion.provider_id == provider)
            .order_by(ProviderVersion.created_at, ProviderVersion.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self.session.scalars(query)).all()

    async def published(
        self, provider: ProviderId, number: str | None = None
    ) -> Sequence[ProviderVersion]:
        query = (
            select(ProviderVersion)
            .where(
                ProviderVersion.provider_id == provider,
                ProviderVersion.status == ProviderVersionStatus.PUBLISHED,
            )
            .order_by(ProviderVersion.created_at, ProviderVersion.id)
        )
        if number is not None:
            query = query.where(ProviderVersion.number == number)
        return (await self.session.scalars(query)).all()

    async def platforms(
        self, versions: Collection[ProviderVersionId]
    ) -> Sequence[ProviderPlatform]:
        query = (
            select(ProviderPlatform)
            .where(ProviderPlatform.version_id.in_(versions))
            .order_by(ProviderPlatform.os, ProviderPlatform.architecture)
        )
        return (await self.session.scalars(query)).all()

    async def add(self, version: ProviderVersion) -> None:
        async with self.session.begin_nested():
            self.session.add(version)
            await write(
                self.session, provider=version.provider_id, number=version.number
            )

    async def put(self, platform: ProviderPlatform) -> None:
        """Have it in the place of one for the same system."""
        await self.session.merge(platform)
        await self.session.flush()

    async def remove(self, version: ProviderVersion) -> None:
        await self.session.delete(version)
        await self.session.flush()
