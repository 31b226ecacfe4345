from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.contexts.errors import (
    ContextNameTakenError,
    ContextSlugTakenError,
    ContextSpaceError,
)
from stackyard.contexts.model import Context
from stackyard.kernel.by_name import ByName
from stackyard.kernel.constraints import said_as
from stackyard.kernel.errors import StackyardError
from stackyard.kernel.ids import ContextId, SpaceId
from stackyard.kernel.search import Page, Search

_MEANINGS: Final[dict[str, type[StackyardError]]] = {
    "pk_contexts": ContextSlugTakenError,
    "uq_contexts_name": ContextNameTakenError,
    "fk_contexts_space_id": ContextSpaceError,
}


_LIST: Final = ByName(Context)


@dataclass(frozen=True, slots=True)
class ContextStore:
    session: AsyncSession

    async def find(
        self, context_id: ContextId, *, lock: bool = False, shared: bool = False
    ) -> Context | None:
        """Load it; with *lock*, no one else may change it until we commit.

        *shared*: but others may have the same lock, in whatever order.
        """
        if lock:
            # reading afresh would drop what has been changed and not written yet
            await self.session.flush()
        return await self.session.get(
            Context,
            context_id,
            with_for_update={"read": shared} if lock else None,
            populate_existing=lock,
        )

    async def add(self, context: Context) -> None:
        async with self.session.begin_nested():
            self.session.add(context)
            await self.write(context)

    async def write(self, context: Context) -> None:
        """Send what changed now, and say what is wrong with it in our own words."""
        with said_as(_MEANINGS, context=context.id, space=context.space_id):
            await self.session.flush()

    async def remove(self, context: Context) -> None:
        """Forget it, and by the database's cascade all that is only about it."""
        await self.session.delete(context)
        await self.session.flush()

    async def all_in(self, spaces: Select[SpaceId]) -> Sequence[Context]:
        query = (
            select(Context).where(Context.space_id.in_(spaces)).order_by(Context.name)
        )
        return (await self.session.scalars(query)).all()

    async def some_of(
        self, ids: Collection[ContextId], spaces: Select[SpaceId]
    ) -> dict[ContextId, Context]:
        if not ids:  # most projects have none, and every run asks
            return {}
        query = select(Context).where(Context.id.in_(ids), Context.space_id.in_(spaces))
        return {one.id: one for one in await self.session.scalars(query)}

    async def search(self, search: Search, spaces: Select[SpaceId]) -> Page[Context]:
        query = select(Context).where(Context.space_id.in_(spaces))
        rows = await self.session.scalars(_LIST.searched(query, search))
        return _LIST.page_of(rows.all(), search)

    async def count_in(self, space: SpaceId) -> int:
        query = select(func.count()).where(Context.space_id == space)
        return (await self.session.execute(query)).scalar_one()
