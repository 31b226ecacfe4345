"""All SQL about spaces, except the question who sees which (`access.py`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import SpaceId
from stackyard.spaces.model import Space, built_in


@dataclass(frozen=True, slots=True)
class SpaceStore:
    session: AsyncSession

    async def find(self, space_id: SpaceId) -> Space | None:
        return await self.session.get(Space, space_id)

    async def list(self, *, among: Select[SpaceId]) -> Sequence[Space]:
        query = select(Space).where(Space.id.in_(among)).order_by(Space.id)
        return (await self.session.scalars(query)).all()


async def seed(session: AsyncSession) -> None:
    """Make `root` and `legacy` if they are missing; any number may try at once."""
    for space in built_in():
        await session.execute(
            insert(Space)
            .values(
                id=space.id,
                name=space.name,
                description=space.description,
                parent_id=space.parent_id,
                inherits=space.inherits,
                labels=space.labels,
            )
            .on_conflict_do_nothing()
        )
