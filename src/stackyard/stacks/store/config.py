from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import StackId
from stackyard.stacks.model.config import ConfigElement


@dataclass(frozen=True, slots=True)
class ConfigStore:
    session: AsyncSession

    async def find(self, stack_id: StackId, element_id: str) -> ConfigElement | None:
        return await self.session.get(ConfigElement, (stack_id, element_id))

    async def put(self, element: ConfigElement) -> ConfigElement:
        """Store it, in the place of one of the same name."""
        kept = await self.session.merge(element)
        await self.session.flush()
        return kept

    async def remove(self, element: ConfigElement) -> None:
        await self.session.delete(element)
        await self.session.flush()

    async def some(
        self, keys: Collection[tuple[StackId, str]]
    ) -> Sequence[ConfigElement]:
        key = tuple_(ConfigElement.stack_id, ConfigElement.id)
        return (
            await self.session.scalars(select(ConfigElement).where(key.in_(keys)))
        ).all()

    async def of(self, stack_ids: Collection[StackId]) -> Sequence[ConfigElement]:
        """Return all elements of these stacks, in the order of their names."""
        query = (
            select(ConfigElement)
            .where(ConfigElement.stack_id.in_(stack_ids))
            .order_by(ConfigElement.stack_id, ConfigElement.type, ConfigElement.id)
        )
        return (await self.session.scalars(query)).all()
