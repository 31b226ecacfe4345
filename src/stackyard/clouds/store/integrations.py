from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.clouds.errors import CloudNameTakenError, CloudSpaceError
from stackyard.clouds.model.integration import CloudIntegration
from stackyard.kernel.constraints import said_as
from stackyard.kernel.errors import StackyardError
from stackyard.kernel.ids import CloudId, SpaceId

I = TypeVar("I", bound=CloudIntegration)  # noqa: E741 - an integration

_MEANINGS: Final[dict[str, type[StackyardError]]] = {
    "uq_cloud_integrations_cloud_name": CloudNameTakenError,
    "fk_cloud_integrations_space_id": CloudSpaceError,
}


@dataclass(frozen=True, slots=True)
class CloudStore:
    session: AsyncSession

    async def find(
        self,
        kind: type[I],
        integration_id: CloudId,
        *,
        lock: bool = False,
        shared: bool = False,
    ) -> I | None:
        """Load it; with *lock*, no one else may change it until we commit.

        *shared*: but others may have the same lock, in whatever order.
        """
        if lock:
            # reading afresh would drop what has been changed and not written yet
            await self.session.flush()
        return await self.session.get(
            kind,
            integration_id,
            with_for_update={"read": shared} if lock else None,
            populate_existing=lock,
        )

    async def add(self, integration: CloudIntegration) -> None:
        async with self.session.begin_nested():
            self.session.add(integration)
            await self.write(integration)

    async def write(self, integration: CloudIntegration) -> None:
        """Send what changed now, and say what is wrong with it in our own words."""
        facts = {"cloud": integration.cloud, "name": integration.name}
        facts["space"] = integration.space_id
        with said_as(_MEANINGS, **facts):
            await self.session.flush()

    async def remove(self, integration: CloudIntegration) -> None:
        await self.session.delete(integration)
        await self.session.flush()

    async def all_in(self, kind: type[I], spaces: Select[SpaceId]) -> Sequence[I]:
        query = select(kind).where(kind.space_id.in_(spaces)).order_by(kind.name)
        return (await self.session.scalars(query)).all()

    async def named(
        self, kind: type[I], name: str, spaces: Select[SpaceId]
    ) -> I | None:
        query = select(kind).where(kind.name == name, kind.space_id.in_(spaces))
        return (await self.session.scalars(query)).one_or_none()

    async def readable(
        self, ids: Collection[CloudId], spaces: Select[SpaceId]
    ) -> Sequence[CloudId]:
        query = select(CloudIntegration.id).where(
            CloudIntegration.id.in_(ids), CloudIntegration.space_id.in_(spaces)
        )
        return (await self.session.scalars(query)).all()

    async def count_in(self, space: SpaceId) -> int:
        query = select(func.count()).where(CloudIntegration.space_id == space)
        return (await self.session.execute(query)).scalar_one()
