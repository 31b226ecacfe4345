from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.clouds.errors import CloudAttachedError
from stackyard.clouds.model.attachment import AttachedCloud, CloudAttachment
from stackyard.clouds.model.integration import CloudIntegration
from stackyard.kernel.ids import AttachmentId, CloudId, SpaceId, StackId
from stackyard.spaces import reaching
from stackyard.stacks import Project, ProjectKind, attaches_itself, reaches

MOST_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class CloudAttachmentStore:
    """Which project has which integration, by somebody's word or by its labels."""

    session: AsyncSession

    async def find(
        self, attachment_id: AttachmentId, *, lock: bool = False
    ) -> CloudAttachment | None:
        """Load it; with *lock*, as it is now and until we commit."""
        return await self.session.get(
            CloudAttachment, attachment_id, with_for_update=lock, populate_existing=lock
        )

    async def add(self, attachment: CloudAttachment) -> None:
        try:
            async with self.session.begin_nested():
                self.session.add(attachment)
        except IntegrityError:
            raise CloudAttachedError(
                integration=attachment.integration_id, stack=attachment.stack_id
            ) from None

    async def remove(self, attachment: CloudAttachment) -> None:
        await self.session.delete(attachment)
        await self.session.flush()

    async def reaches(self, project: Project, space: SpaceId) -> bool:
        return await reaches(self.session, project, space)

    async def attached_by_hand(self, integration_id: CloudId) -> Sequence[str]:
        """Name some of the projects that it would be taken from."""
        query = (
            select(Project.id)
            .join(CloudAttachment, CloudAttachment.stack_id == Project.id)
            .where(CloudAttachment.integration_id == integration_id)
            .order_by(Project.id)
            .limit(MOST_NAMED)
        )
        return (await self.session.scalars(query)).all()

    async def of_integrations(
        self, ids: Collection[CloudId], spaces: Select[SpaceId]
    ) -> Sequence[AttachedCloud]:
        """Return the projects in these spaces that have one of these. Two queries."""
        which = (CloudIntegration.id.in_(ids), Project.space_id.in_(spaces))
        rows = await self.session.execute(_explicit().where(*which))
        found = [AttachedCloud(*row) for row in rows]
        rows = await self.session.execute(_automatic().where(*which))
        return found + [AttachedCloud(*row) for row in rows]

    async def of_project(
        self, project_id: StackId
    ) -> Sequence[tuple[CloudAttachment, CloudIntegration]]:
        """Return what somebody attached to it, with what that is."""
        query = (
            select(CloudAttachment, CloudIntegration)
            .join(
                CloudIntegration, CloudIntegration.id == CloudAttachment.integration_id
            )
            .where(CloudAttachment.stack_id == project_id)
            .order_by(CloudAttachment.id)
        )
        return [(one, cloud) for one, cloud in await self.session.execute(query)]

    async def cut_off(self, pairs: CTE) -> Sequence[str]:
        """Name the uses of projects in `pairs.space` that are not in `pairs.reached`"""
        return await self._cut_off(pairs, Project.space_id.in_(select(pairs.c.space)))

    async def cut_off_of_project(self, project_id: StackId) -> Sequence[str]:
        home = select(Project.space_id).where(Project.id == project_id)
        return await self._cut_off(reaching(home), Project.id == project_id)

    async def cut_off_of_integration(self, integration_id: CloudId) -> Sequence[str]:
        which = CloudAttachment.integration_id == integration_id
        homes = (
            select(Project.space_id)
            .join(CloudAttachment, CloudAttachment.stack_id == Project.id)
            .where(which)
        )
        return await self._cut_off(reaching(homes), which)

    async def _cut_off(self, pairs: CTE, which: ColumnElement[bool]) -> Sequence[str]:
        within = select(pairs.c.reached).where(pairs.c.space == Project.space_id)
        query = (
            select(Project.kind, Project.id, CloudIntegration.name)
            .join(CloudAttachment, CloudAttachment.stack_id == Project.id)
            .join(
                CloudIntegration, CloudIntegration.id == CloudAttachment.integration_id
            )
            .where(which, CloudIntegration.space_id.not_in(within))
            .order_by(Project.id)
            .limit(MOST_NAMED)
        )
        return [
            f'{kind} "{project}": cloud integration "{name}"'
            for kind, project, name in await self.session.execute(query)
        ]


def _explicit() -> Select[*tuple[Any, ...]]:
    return (
        _who_has_what(CloudAttachment)
        .join(CloudAttachment, CloudAttachment.integration_id == CloudIntegration.id)
        .join(Project, Project.id == CloudAttachment.stack_id)
    )


def _automatic() -> Select[*tuple[Any, ...]]:
    """Select what attaches itself; what was attached by hand as well is not in here."""
    pairs = reaching(select(Project.space_id))
    by_hand = select(CloudAttachment.id).where(
        CloudAttachment.integration_id == CloudIntegration.id,
        CloudAttachment.stack_id == Project.id,
    )
    return (
        _who_has_what()
        .join(pairs, pairs.c.reached == CloudIntegration.space_id)
        .join(Project, Project.space_id == pairs.c.space)
        .where(
            CloudIntegration.autoattach_enabled,
            attaches_itself(CloudIntegration.labels),
            ~by_hand.exists(),
        )
    )


def _who_has_what(*more: Any) -> Select[*tuple[Any, ...]]:
    is_module = Project.kind == ProjectKind.MODULE
    columns = (CloudIntegration.id, Project.id, Project.name, is_module, *more)
    return (
        select(*columns)
        .select_from(CloudIntegration)
        .order_by(Project.name, Project.id)
    )
