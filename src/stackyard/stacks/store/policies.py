from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    func,
    null,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import AttachmentId, PolicyId, SpaceId, StackId
from stackyard.policies import Policy, PolicyType
from stackyard.spaces import reaching
from stackyard.stacks.errors import PolicyAttachedError
from stackyard.stacks.model.policies import (
    AttachedPolicy,
    PolicyAttachment,
    PolicyCounts,
)
from stackyard.stacks.model.project import Project, ProjectKind
from stackyard.stacks.store.attaching import attaches_itself, reaches

MOST_NAMED: Final = 20
_IS_MODULE: Final = Project.kind == ProjectKind.MODULE


@dataclass(frozen=True, slots=True)
class PolicyAttachmentStore:
    """Which project has which policy, by somebody's word or by its labels."""

    session: AsyncSession

    async def find(
        self, attachment_id: AttachmentId, *, lock: bool = False
    ) -> PolicyAttachment | None:
        """Load it; with *lock*, as it is now and until we commit."""
        return await self.session.get(
            PolicyAttachment,
            attachment_id,
            with_for_update=lock,
            populate_existing=lock,
        )

    async def add(self, attachment: PolicyAttachment) -> None:
        try:
            async with self.session.begin_nested():
                self.session.add(attachment)
        except IntegrityError:
            raise PolicyAttachedError(
                policy=attachment.policy_id, stack=attachment.stack_id
            ) from None

    async def remove(self, attachment: PolicyAttachment) -> None:
        await self.session.delete(attachment)
        await self.session.flush()

    async def reaches(self, project: Project, space: SpaceId) -> bool:
        return await reaches(self.session, project, space)

    async def of_projects(self, ids: Collection[StackId]) -> Sequence[AttachedPolicy]:
        """Return every policy of these projects. One query."""
        return await self._found(_pairs(Project.id.in_(ids)))

    async def of_policies(
        self, ids: Collection[PolicyId], spaces: Select[SpaceId]
    ) -> Sequence[AttachedPolicy]:
        """Return the projects in these spaces that have one of these. One query."""
        return await self._found(
            _pairs(Policy.id.in_(ids), Project.space_id.in_(spaces))
        )

    async def by_hand(
        self, pairs: Collection[tuple[PolicyId, StackId]], spaces: Select[SpaceId]
    ) -> Sequence[AttachedPolicy]:
        """Return what somebody attached of these, to projects in these spaces."""
        wanted = tuple_(Policy.id, Project.id).in_(pairs)
        query = _explicit().where(wanted, Project.space_id.in_(spaces))
        return await self._found(query.subquery())

    async def counts(
        self, ids: Collection[PolicyId], spaces: Select[SpaceId]
    ) -> dict[PolicyId, PolicyCounts]:
        """Return how many in these spaces have each of these. One query."""
        pairs = _pairs(Policy.id.in_(ids), Project.space_id.in_(spaces))
        modules = func.count().filter(_IS_MODULE)
        query = (
            select(pairs.c.policy_id, func.count() - modules, modules)
            .join(Project, Project.id == pairs.c.stack_id)
            .group_by(pairs.c.policy_id)
        )
        rows = await self.session.execute(query)
        return {policy: PolicyCounts(*counted) for policy, *counted in rows}

    async def cut_off(self, policy_id: PolicyId) -> Sequence[str]:
        """Name some of the projects that it is attached to and that do not reach it."""
        attached = select(PolicyAttachment.stack_id).where(
            PolicyAttachment.policy_id == policy_id
        )
        pairs = reaching(select(Project.space_id).where(Project.id.in_(attached)))
        reached = select(pairs.c.reached).where(pairs.c.space == Project.space_id)
        query = (
            select(Project.kind, Project.id)
            .join(Policy, Policy.id == policy_id)
            .where(Project.id.in_(attached), Policy.space_id.not_in(reached))
            .order_by(Project.id)
            .limit(MOST_NAMED)
        )
        rows = await self.session.execute(query)
        return [f'{kind} "{one}"' for kind, one in rows]

    async def _found(self, pairs: Subquery) -> list[AttachedPolicy]:
        query = (
            select(
                *(Policy.id, Policy.name, Policy.type),
                *(Project.id, Project.name, pairs.c.attachment_id, _IS_MODULE),
            )
            .join(pairs, pairs.c.policy_id == Policy.id)
            .join(Project, Project.id == pairs.c.stack_id)
            .order_by(Policy.name, Project.name, Project.id)
        )
        return [AttachedPolicy(*row) for row in await self.session.execute(query)]


def _pairs(*which: ColumnElement[bool]) -> Subquery:
    """Return who has what, whichever way; *which* is said of policies and projects."""
    return union_all(_explicit().where(*which), _automatic().where(*which)).subquery()


def _explicit() -> Select[*tuple[Any, ...]]:
    return (
        _columns(PolicyAttachment.id).join_from(Policy, PolicyAttachment).join(Project)
    )


def _automatic() -> Select[*tuple[Any, ...]]:
    """Select what attaches itself; what was attached by hand as well is not in here."""
    pairs = reaching(select(Project.space_id))
    by_hand = select(PolicyAttachment.id).where(
        PolicyAttachment.policy_id == Policy.id, PolicyAttachment.stack_id == Project.id
    )
    return (
        _columns(null())
        .join_from(Policy, pairs, pairs.c.reached == Policy.space_id)
        .join(Project, Project.space_id == pairs.c.space)
        .where(
            Policy.type != PolicyType.LOGIN,
            attaches_itself(Policy.labels),
            ~by_hand.exists(),
        )
    )


def _columns(attachment: ColumnElement[Any] | Any) -> Select[*tuple[Any, ...]]:
    return select(
        Policy.id.label("policy_id"),
        Project.id.label("stack_id"),
        attachment.label("attachment_id"),
    )
