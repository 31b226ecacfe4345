from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, null, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.contexts import Context
from stackyard.kernel.ids import AttachmentId, ContextId, SpaceId, StackId
from stackyard.spaces import reaching
from stackyard.stacks.errors import ContextAttachedError
from stackyard.stacks.model.contexts import AttachedContext, ContextAttachment
from stackyard.stacks.model.project import Project, ProjectKind
from stackyard.stacks.store.attaching import attaches_itself, reaches


@dataclass(frozen=True, slots=True)
class AttachmentStore:
    """Which project has which context, by somebody's word or by its labels."""

    session: AsyncSession

    async def find(
        self, attachment_id: AttachmentId, *, lock: bool = False
    ) -> ContextAttachment | None:
        """Load it; with *lock*, as it is now and until we commit."""
        return await self.session.get(
            ContextAttachment,
            attachment_id,
            with_for_update=lock,
            populate_existing=lock,
        )

    async def add(self, attachment: ContextAttachment) -> None:
        try:
            async with self.session.begin_nested():
                self.session.add(attachment)
        except IntegrityError:
            raise ContextAttachedError(
                context=attachment.context_id, stack=attachment.stack_id
            ) from None

    async def remove(self, attachment: ContextAttachment) -> None:
        await self.session.delete(attachment)
        await self.session.flush()

    async def reaches(self, project: Project, space: SpaceId) -> bool:
        return await reaches(self.session, project, space)

    async def of_projects(self, ids: Collection[StackId]) -> Sequence[AttachedContext]:
        """Return every context of these projects. Two queries."""
        return await self._found(Project.id.in_(ids))

    async def of_contexts(
        self, ids: Collection[ContextId], spaces: Select[SpaceId]
    ) -> Sequence[AttachedContext]:
        """Return the projects in these spaces that have one of these. Two queries."""
        return await self._found(Context.id.in_(ids), Project.space_id.in_(spaces))

    async def _found(self, *which: ColumnElement[bool]) -> list[AttachedContext]:
        rows = await self.session.execute(_explicit().where(*which))
        found = [AttachedContext(*row) for row in rows]
        rows = await self.session.execute(_automatic().where(*which))
        return found + [AttachedContext(*row) for row in rows]


_IS_MODULE: Final = Project.kind == ProjectKind.MODULE


def _explicit() -> Select[*tuple[Any, ...]]:
    return (
        select(Context, Project.id, Project.name, ContextAttachment, _IS_MODULE)
        .join(ContextAttachment, ContextAttachment.context_id == Context.id)
        .join(Project, Project.id == ContextAttachment.stack_id)
        .order_by(Project.name, Project.id)
    )


def _automatic() -> Select[*tuple[Any, ...]]:
    """Select what attaches itself; what was attached by hand as well is not in here."""
    pairs = reaching(select(Project.space_id))
    by_hand = select(ContextAttachment.id).where(
        ContextAttachment.context_id == Context.id,
        ContextAttachment.stack_id == Project.id,
    )
    return (
        select(Context, Project.id, Project.name, null(), _IS_MODULE)
        .join(pairs, pairs.c.reached == Context.space_id)
        .join(Project, Project.space_id == pairs.c.space)
        .where(attaches_itself(Context.labels), ~by_hand.exists())
        .order_by(Project.name, Project.id)
    )
