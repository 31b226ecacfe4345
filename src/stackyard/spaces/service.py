from collections.abc import Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.ids import SpaceId
from stackyard.spaces.access import visible_to
from stackyard.spaces.errors import SpaceNotFoundError
from stackyard.spaces.model import Space
from stackyard.spaces.store import SpaceStore


@dataclass(frozen=True, slots=True)
class Spaces:
    store: SpaceStore
    access: Access

    async def find(self, space_id: SpaceId, *, by: Subject) -> Space | None:
        await self.access.require(by, Action.SPACE_READ, space=space_id)
        return await self.store.find(space_id)

    async def get(self, space_id: SpaceId, *, by: Subject) -> Space:
        space = await self.find(space_id, by=by)
        if space is None:
            raise SpaceNotFoundError(space=space_id)
        return space

    async def list(self, *, by: Subject) -> Sequence[Space]:
        return await self.store.list(among=visible_to(by))
