from collections.abc import Collection, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import RepoId, SpaceId, StackId
from stackyard.kernel.search import Page, Predicate, Search
from stackyard.modules.model.share import ModuleShare, Sharing
from stackyard.modules.model.version import ModuleVersion, VersionState
from stackyard.spaces import Space, reaching
from stackyard.stacks import (
    Condition,
    Module,
    Project,
    flag_condition,
    page_of,
    searched,
    text_condition,
)


def _of_commit(said: Predicate) -> ColumnElement[bool]:
    versions = select(ModuleVersion.module_id).where(
        ModuleVersion.state == VersionState.ACTIVE,
        ModuleVersion.commit["hash"].astext.in_([*said.strings, *said.enums]),
    )
    return Module.id.in_(versions)


_MORE: Final[MappingProxyType[str, Condition]] = MappingProxyType(
    {
        "commit": _of_commit,
        "public": flag_condition(Module.public),
        "terraformProvider": text_condition(Module.terraform_provider),
    }
)


@dataclass(frozen=True, slots=True)
class ModuleStore:
    session: AsyncSession

    async def search(self, search: Search, spaces: Select[SpaceId]) -> Page[Module]:
        query = select(Module).where(Module.space_id.in_(spaces))
        query = searched(query, search, _MORE)
        return page_of((await self.session.scalars(query)).all(), search)

    async def following(
        self, repo_id: RepoId, branch: str, spaces: Select[SpaceId]
    ) -> Sequence[Module]:
        query = (
            select(Module)
            .where(
                Module.vcs_repo_id == repo_id,
                Module.branch == branch,
                Module.space_id.in_(spaces),
            )
            .order_by(Module.id)
        )
        return (await self.session.scalars(query)).all()

    async def find_offered(
        self, name: str, provider: str, to: Select[SpaceId]
    ) -> Module | None:
        """Return the module of that address if it may be used in one of the spaces.

        Those are the spaces that are reached, its own and those it is shared with.
        """
        reached = select(reaching(to).c.reached)
        shared = select(ModuleShare.module_id).where(ModuleShare.space_id.in_(reached))
        query = select(Module).where(
            Module.name == name,
            Module.terraform_provider == provider,
            or_(Module.public, Module.space_id.in_(reached), Module.id.in_(shared)),
        )
        return await self.session.scalar(query)

    async def shares(self, module_ids: Collection[StackId]) -> Sequence[ModuleShare]:
        """Return with whom these are shared, in the order in which that was said."""
        query = (
            select(ModuleShare)
            .where(ModuleShare.module_id.in_(module_ids))
            .order_by(ModuleShare.id)
        )
        return (await self.session.scalars(query)).all()

    async def share(self, sharing: Sharing) -> None:
        for one in sharing.removed:
            await self.session.delete(one)
        await self.session.flush()
        self.session.add_all(sharing.added)
        await self.session.flush()

    async def existing(self, spaces: Collection[SpaceId]) -> set[SpaceId]:
        query = select(Space.id).where(Space.id.in_(spaces))
        return set((await self.session.scalars(query)).all())


def space_of(stack_id: StackId) -> Select[SpaceId]:
    return select(Project.space_id).where(Project.id == stack_id)
