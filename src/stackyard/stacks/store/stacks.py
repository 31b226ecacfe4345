from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from sqlalchemy import CTE, ColumnElement, Select, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import QueryableAttribute

from stackyard.contexts import Context
from stackyard.kernel.constraints import said_as
from stackyard.kernel.errors import StackyardError
from stackyard.kernel.ids import ContextId, PoolId, RepoId, SpaceId, StackId
from stackyard.kernel.search import Page, Search
from stackyard.policies import Policy
from stackyard.spaces import Space, reaching
from stackyard.stacks.errors import (
    IntegrationUnknownError,
    RepositoryUnknownError,
    SpaceUnknownError,
    StackSlugTakenError,
    WorkerPoolUnknownError,
)
from stackyard.stacks.model.contexts import ContextAttachment
from stackyard.stacks.model.dependencies import StackDependency
from stackyard.stacks.model.policies import PolicyAttachment
from stackyard.stacks.model.project import Project, ProjectKind
from stackyard.stacks.model.stack import Stack
from stackyard.stacks.store.search import page_of, searched
from stackyard.stacks.store.sources import IS_NAMED
from stackyard.vcs import Integration, Repository
from stackyard.workers import Pool

MOST_NAMED: Final = 20
P = TypeVar("P", bound=Project)

_MEANINGS: Final[dict[str, type[StackyardError]]] = {
    "pk_stacks": StackSlugTakenError,
    "fk_stacks_space_id": SpaceUnknownError,
    "fk_stacks_worker_pool_id": WorkerPoolUnknownError,
    "fk_stacks_vcs_repo_id": RepositoryUnknownError,
    "fk_stacks_provider_linked_integration_id": IntegrationUnknownError,
}


@dataclass(frozen=True, slots=True)
class StackStore:
    session: AsyncSession

    async def find(
        self, kind: type[P], project_id: StackId, *, lock: bool = False
    ) -> P | None:
        """Load one of that kind; with *lock*, nobody may change it until we commit."""
        if lock:
            # reading afresh would drop what has been changed and not written yet
            await self.session.flush()
        return await self.session.get(
            kind, project_id, with_for_update=lock, populate_existing=lock
        )

    async def add(self, project: Project) -> None:
        async with self.session.begin_nested():
            self.session.add(project)
            await self.write(project)

    async def write(self, project: Project) -> None:
        """Send what changed now, and say what is wrong with it in our own words."""
        with said_as(_MEANINGS, slug=project.id):
            await self.session.flush()

    async def remove(self, project: Project) -> None:
        """Forget it, and by the database's cascade all that is only about it."""
        await self.session.delete(project)
        await self.session.flush()

    async def dependents_of(self, stack_id: StackId) -> Sequence[StackId]:
        query = (
            select(StackDependency.stack_id)
            .where(StackDependency.depends_on_id == stack_id)
            .order_by(StackDependency.stack_id)
        )
        return (await self.session.scalars(query)).all()

    async def deleting(self) -> Sequence[StackId]:
        query = select(Stack.id).where(Stack.deletion_requested_at.is_not(None))
        return (await self.session.scalars(query)).all()

    async def all_in(self, spaces: Select[SpaceId]) -> Sequence[Stack]:
        query = (
            select(Stack)
            .where(Stack.space_id.in_(spaces))
            .order_by(Stack.name, Stack.id)
        )
        return (await self.session.scalars(query)).all()

    async def some_of(
        self, kind: type[P], ids: Collection[StackId], spaces: Select[SpaceId]
    ) -> dict[StackId, P]:
        query = select(kind).where(kind.id.in_(ids), kind.space_id.in_(spaces))
        return {project.id: project for project in await self.session.scalars(query)}

    async def of_repository(
        self, repo_id: RepoId, spaces: Select[SpaceId]
    ) -> Sequence[Stack]:
        query = (
            select(Stack)
            .where(Stack.vcs_repo_id == repo_id, Stack.space_id.in_(spaces))
            .order_by(Stack.id)
        )
        return (await self.session.scalars(query)).all()

    async def search(self, search: Search, spaces: Select[SpaceId]) -> Page[Stack]:
        query = searched(select(Stack).where(Stack.space_id.in_(spaces)), search)
        return page_of((await self.session.scalars(query)).all(), search)

    async def count_in(self, space: SpaceId, kind: ProjectKind) -> int:
        query = select(func.count()).where(
            Project.space_id == space, Project.kind == kind
        )
        return (await self.session.execute(query)).scalar_one()

    async def cut_off(self, pairs: CTE) -> Sequence[str]:
        """Name the uses of those in `pairs.space` that are not in `pairs.reached`."""
        moved = Project.space_id.in_(select(pairs.c.space))
        return await self._cut_off(pairs, moved)

    async def cut_off_of(self, project: Project) -> Sequence[str]:
        pairs = reaching(select(Space.id).where(Space.id == project.space_id))
        return await self._cut_off(pairs, Project.id == project.id)

    async def cut_off_of_context(self, context_id: ContextId) -> Sequence[str]:
        """Name the uses of all projects that the context is attached to."""
        having = select(ContextAttachment.stack_id).where(
            ContextAttachment.context_id == context_id
        )
        spaces = select(Project.space_id).where(Project.id.in_(having))
        return await self._cut_off(reaching(spaces), Project.id.in_(having))

    async def cut_off_of_pool(self, pool_id: PoolId) -> Sequence[str]:
        """Name the uses of all projects in the pool."""
        within = Project.worker_pool_id == pool_id
        spaces = select(Project.space_id).where(within)
        return await self._cut_off(reaching(spaces), within)

    async def _cut_off(self, pairs: CTE, which: ColumnElement[bool]) -> Sequence[str]:
        def lost(home: QueryableAttribute[SpaceId]) -> ColumnElement[bool]:
            within = select(pairs.c.reached).where(pairs.c.space == Project.space_id)
            return home.not_in(within)

        pools = (
            select(Project.kind, Project.id, literal("worker pool"), Pool.name)
            .join(Pool, Pool.id == Project.worker_pool_id)
            .where(which, lost(Pool.space_id))
        )
        repositories = (
            select(Project.kind, Project.id, literal("repository"), Repository.name)
            .join(Repository, Repository.id == Project.vcs_repo_id)
            .where(which, lost(Repository.space_id))
        )
        integrations = (
            select(
                Project.kind, Project.id, literal("VCS integration"), Integration.name
            )
            .join(Integration, IS_NAMED)
            .where(which, lost(Integration.space_id), ~Integration.is_default)
        )
        contexts = (
            select(Project.kind, Project.id, literal("context"), Context.name)
            .join(ContextAttachment, ContextAttachment.stack_id == Project.id)
            .join(Context, Context.id == ContextAttachment.context_id)
            .where(which, lost(Context.space_id))
        )
        policies = (
            select(Project.kind, Project.id, literal("policy"), Policy.name)
            .join(PolicyAttachment, PolicyAttachment.stack_id == Project.id)
            .join(Policy, Policy.id == PolicyAttachment.policy_id)
            .where(which, lost(Policy.space_id))
        )
        rows = await self.session.execute(
            union_all(pools, repositories, integrations, contexts, policies)
            .order_by(Project.id)
            .limit(MOST_NAMED)
        )
        return [f'{kind} "{one}": {what} "{name}"' for kind, one, what, name in rows]
