"""All SQL about saved filters."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.filters.model import FilterType, SavedFilter
from stackyard.kernel.ids import FilterId


@dataclass(frozen=True, slots=True)
class FilterStore:
    session: AsyncSession

    async def seen_by(
        self, owner: str, kind: FilterType | None
    ) -> Sequence[SavedFilter]:
        """Return the public ones and those of *owner*, by name."""
        query = (
            select(SavedFilter)
            .where(or_(SavedFilter.is_public, SavedFilter.owner == owner))
            .order_by(SavedFilter.name, SavedFilter.id)
        )
        if kind is not None:
            query = query.where(SavedFilter.type == kind)
        return (await self.session.scalars(query)).all()

    async def find(
        self, filter_id: FilterId, *, lock: bool = False
    ) -> SavedFilter | None:
        return await self.session.get(
            SavedFilter, filter_id, with_for_update=lock, populate_existing=lock
        )

    async def count_of(self, owner: str) -> int:
        query = select(func.count()).where(SavedFilter.owner == owner)
        return (await self.session.execute(query)).scalar_one()

    async def add(self, new: SavedFilter) -> None:
        self.session.add(new)
        await self.session.flush()

    async def delete(self, old: SavedFilter) -> None:
        await self.session.delete(old)
        await self.session.flush()
