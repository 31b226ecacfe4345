from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.blueprints.model.blueprint import Blueprint
from stackyard.blueprints.store.writing import add, forget, write
from stackyard.kernel.by_name import ByName, words_of
from stackyard.kernel.ids import BlueprintId, SpaceId
from stackyard.kernel.search import Page, Search

_LIST: Final = ByName(Blueprint, {"state": words_of(Blueprint.state)})


@dataclass(frozen=True, slots=True)
class BlueprintStore:
    session: AsyncSession

    async def find(
        self, blueprint_id: BlueprintId, *, lock: bool = False
    ) -> Blueprint | None:
        """Load it; with *lock*, no one else may change it until we commit."""
        return await self.session.get(
            Blueprint, blueprint_id, with_for_update=lock, populate_existing=lock
        )

    async def search(self, search: Search, spaces: Select[SpaceId]) -> Page[Blueprint]:
        query = select(Blueprint).where(Blueprint.space_id.in_(spaces))
        rows = await self.session.scalars(_LIST.searched(query, search))
        return _LIST.page_of(rows.all(), search)

    async def count_in(self, space: SpaceId) -> int:
        query = select(func.count()).where(Blueprint.space_id == space)
        return (await self.session.execute(query)).scalar_one()

    async def add(self, blueprint: Blueprint) -> None:
        slug, name = blueprint.id, blueprint.name
        await add(self.session, blueprint, "blueprint", slug, name)

    async def write(self, blueprint: Blueprint) -> None:
        await write(self.session, "blueprint", blueprint.id, blueprint.name)

    async def remove(self, blueprint: Blueprint) -> None:
        await forget(self.session, blueprint)
