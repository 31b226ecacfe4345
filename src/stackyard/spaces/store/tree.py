"""All SQL about the tree, except the question who sees which part (`access.py`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import SpaceId
from stackyard.spaces.access import below
from stackyard.spaces.errors import ParentNotFoundError, SpaceOccupiedError
from stackyard.spaces.model import Space, built_in

_TREE_LOCK: Final = 7_710_001


@dataclass(frozen=True, slots=True)
class SpaceStore:
    session: AsyncSession

    async def find(self, space_id: SpaceId) -> Space | None:
        return await self.session.get(Space, space_id)

    async def list(self, *, among: Select[SpaceId]) -> Sequence[Space]:
        query = select(Space).where(Space.id.in_(among)).order_by(Space.id)
        return (await self.session.scalars(query)).all()

    async def lock_tree(self) -> None:
        """Let nobody else change the tree's shape until we commit."""
        await self.session.execute(select(func.pg_advisory_xact_lock(_TREE_LOCK)))

    async def contains(self, space_id: SpaceId, other: SpaceId) -> bool:
        """Say whether *other* is the space or somewhere below it."""
        query = select(Space.id).where(Space.id == other, Space.id.in_(below(space_id)))
        return await self.session.scalar(query) is not None

    async def children(self, space_id: SpaceId) -> int:
        query = select(func.count()).where(Space.parent_id == space_id)
        return (await self.session.execute(query)).scalar_one()

    async def add(self, space: Space) -> None:
        """Raise `ParentNotFoundError` if there is no such parent any more."""
        try:
            async with self.session.begin_nested():
                self.session.add(space)
        except IntegrityError:
            raise ParentNotFoundError(parent=space.parent_id) from None

    async def flush(self) -> None:
        await self.session.flush()

    async def remove(self, space: Space) -> None:
        """Forget it; `SpaceOccupiedError` if something came into it meanwhile."""
        try:
            async with self.session.begin_nested():
                await self.session.execute(delete(Space).where(Space.id == space.id))
        except IntegrityError:
            raise SpaceOccupiedError(space=space.id, things="new things") from None
        self.session.expunge(space)


async def seed_spaces(session: AsyncSession) -> None:
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
