from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import RepoId, SpaceId, StackId
from stackyard.spaces import reaching
from stackyard.stacks.model.project import Project
from stackyard.stacks.model.stack import Stack
from stackyard.vcs import Integration

MOST_NAMED: Final = 20

# Whether a project names an integration; one that names none has the default.
IS_NAMED: Final = and_(
    Project.provider == Integration.kind,
    Project.linked_integration_id == Integration.id,
)


@dataclass(frozen=True, slots=True)
class SourceStore:
    """By which links, and from which repositories, projects have their code."""

    session: AsyncSession

    async def using(self, integration: Integration) -> Sequence[str]:
        """Name projects that have their code by it."""
        return await self._named(_using(integration))

    async def cut_off_of(self, integration: Integration) -> Sequence[str]:
        """Name projects that use it and do not reach it where it is."""
        using = _using(integration)
        pairs = reaching(select(Project.space_id).where(using))
        home = Project.space_id == pairs.c.space
        reached = pairs.c.reached == integration.space_id
        reach = select(pairs.c.space).where(home, reached)
        return await self._named(using, ~reach.exists())

    async def of_repositories(
        self, repo_ids: Collection[RepoId], spaces: Select[SpaceId]
    ) -> dict[RepoId, list[StackId]]:
        query = (
            select(Stack.vcs_repo_id, Stack.id)
            .where(Stack.vcs_repo_id.in_(repo_ids), Stack.space_id.in_(spaces))
            .order_by(Stack.id)
        )
        found: dict[RepoId, list[StackId]] = defaultdict(list)
        for repo_id, stack_id in await self.session.execute(query):
            if repo_id is not None:
                found[repo_id].append(stack_id)
        return dict(found)

    async def _named(self, *which: ColumnElement[bool]) -> Sequence[str]:
        query = (
            select(Project.kind, Project.id)
            .where(*which)
            .order_by(Project.id)
            .limit(MOST_NAMED)
        )
        rows: Any = await self.session.execute(query)
        return [f'{kind} "{one}"' for kind, one in rows]


def _using(integration: Integration) -> ColumnElement[bool]:
    named = Project.linked_integration_id == integration.id
    if integration.is_default:
        named = or_(named, Project.vcs_integration_id.is_(None))
    return and_(Project.provider == integration.kind, named)
