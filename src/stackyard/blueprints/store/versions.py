from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.blueprints.model.deployment import Deployment
from stackyard.blueprints.model.template import TemplateVersion
from stackyard.blueprints.store.writing import add, forget, write
from stackyard.kernel.ids import DeploymentId, SpaceId, TemplateId, TemplateVersionId


@dataclass(frozen=True, slots=True)
class TemplateVersionStore:
    session: AsyncSession

    async def find(
        self,
        version_id: TemplateVersionId,
        *,
        lock: bool = False,
        shared: bool = False,
    ) -> TemplateVersion | None:
        """Load it; with *lock*, no one else may change it until we commit.

        *shared*: but others may have the same lock, in whatever order.
        """
        return await self.session.get(
            TemplateVersion,
            version_id,
            with_for_update={"of": TemplateVersion, "read": shared} if lock else None,
            populate_existing=lock,
        )

    async def by_number(
        self, template_id: TemplateId, number: str
    ) -> TemplateVersion | None:
        query = select(TemplateVersion).where(
            TemplateVersion.template_id == template_id,
            TemplateVersion.number == number,
        )
        return await self.session.scalar(query)

    async def deployments_of(
        self, version_id: TemplateVersionId
    ) -> dict[DeploymentId, SpaceId]:
        """Return those of it, and where each is."""
        query = (
            select(Deployment.id, Deployment.space_id)
            .where(Deployment.version_id == version_id)
            .order_by(Deployment.id)
        )
        return dict((await self.session.execute(query)).all())

    async def add(self, version: TemplateVersion) -> None:
        await add(self.session, version, "version", version.id, version.number)

    async def write(self, version: TemplateVersion) -> None:
        await write(self.session, "version", version.id, version.number)

    async def remove(self, version: TemplateVersion) -> None:
        await forget(self.session, version)
