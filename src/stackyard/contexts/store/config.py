from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.contexts.model import ContextElement
from stackyard.kernel.ids import ContextId


@dataclass(frozen=True, slots=True)
class ContextConfigStore:
    session: AsyncSession

    async def find(
        self, context_id: ContextId, element_id: str
    ) -> ContextElement | None:
        return await self.session.get(ContextElement, (context_id, element_id))

    async def put(self, element: ContextElement) -> ContextElement:
        """Store it, in the place of one of the same name."""
        kept = await self.session.merge(element)
        await self.session.flush()
        return kept

    async def remove(self, element: ContextElement) -> None:
        await self.session.delete(element)
        await self.session.flush()

    async def some(
        self, keys: Collection[tuple[ContextId, str]]
    ) -> Sequence[ContextElement]:
        key = tuple_(ContextElement.context_id, ContextElement.id)
        return (
            await self.session.scalars(select(ContextElement).where(key.in_(keys)))
        ).all()

    async def of(self, context_ids: Collection[ContextId]) -> Sequence[ContextElement]:
        """Return all elements of these contexts, in the order of their names."""
        if not context_ids:  # most projects have none, and every run asks
            return []
        query = (
            select(ContextElement)
            .where(ContextElement.context_id.in_(context_ids))
            .order_by(ContextElement.context_id, ContextElement.type, ContextElement.id)
        )
        return (await self.session.scalars(query)).all()
