"""Use cases of contexts: load, ask leave, decide, tell."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from stackyard.contexts.errors import (
    ContextNotFoundError,
    ContextSlugTakenError,
    ContextSpaceError,
    ContextUnreachableError,
)
from stackyard.contexts.model import Context, ContextSpec
from stackyard.contexts.ports import Neighbours
from stackyard.contexts.store import ContextStore
from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import LEGACY, ROOT, ContextId, SpaceId
from stackyard.kernel.needs import needs
from stackyard.kernel.search import Page, Search


@dataclass(frozen=True, slots=True)
class Contexts:
    store: ContextStore
    access: Access
    clock: Clock
    neighbours: Neighbours
    trail: Trail

    @needs(Action.SPACE_READ)
    async def find(
        self,
        context_id: ContextId,
        *,
        by: Subject,
        lock: bool = False,
        shared: bool = False,
    ) -> Context | None:
        """Return the context, or None if there is none that *by* may know of."""
        context = await self.store.find(context_id, lock=lock, shared=shared)
        try:
            # asked for a missing one as well: the answer must not tell them apart
            space = context.space_id if context else ROOT
            await self.access.require(by, Action.SPACE_READ, space=space)
        except NotFoundError:
            return None
        return context

    @needs(Action.SPACE_READ)
    async def get(
        self,
        context_id: ContextId,
        *,
        by: Subject,
        lock: bool = False,
        shared: bool = False,
    ) -> Context:
        context = await self.find(context_id, by=by, lock=lock, shared=shared)
        if context is None:
            raise ContextNotFoundError(context=context_id)
        return context

    @needs(Action.SPACE_READ)
    async def all(self, *, by: Subject) -> Sequence[Context]:
        """Return every context that *by* may read, by name."""
        return await self.store.all_in(self.neighbours.visible_spaces(by))

    @needs(Action.SPACE_READ)
    async def some(
        self, context_ids: Collection[ContextId], *, by: Subject
    ) -> dict[ContextId, Context]:
        """Return those of these contexts that *by* may read."""
        spaces = self.neighbours.visible_spaces(by)
        return await self.store.some_of(context_ids, spaces)

    @needs(Action.SPACE_READ)
    async def search(self, search: Search, *, by: Subject) -> Page[Context]:
        """Return a page of the contexts that *by* may read. One query."""
        return await self.store.search(search, self.neighbours.visible_spaces(by))

    @needs(Action.SPACE_ADMIN)
    async def count_in(self, space: SpaceId, *, by: Subject) -> int:
        """Return how many contexts are in a space, to an administrator of it."""
        await self.access.require(by, Action.SPACE_ADMIN, space=space)
        return await self.store.count_in(space)

    @needs(Action.CONTEXT_CREATE)
    async def create(self, spec: ContextSpec, *, by: Subject) -> Context:
        """Make a context; its slug comes from its name and never changes again."""
        space_id = spec.space_id or LEGACY
        await self._require_in(space_id, by=by)
        context = Context.create(spec, space_id=space_id, at=self.clock())
        if await self.store.find(context.id) is not None:
            raise ContextSlugTakenError(context=context.id)
        await self.store.add(context)
        await self._note("create", context, by=by)
        return context

    @needs(Action.CONTEXT_UPDATE)
    async def update(
        self, context_id: ContextId, spec: ContextSpec, *, by: Subject
    ) -> Context:
        """Replace all settings. The stacks that it is attached to must reach it."""
        context = await self.get(context_id, by=by, lock=True)
        await self.access.require(by, Action.CONTEXT_UPDATE, space=context.space_id)
        space_id = spec.space_id or context.space_id
        moves = space_id != context.space_id
        if moves:
            await self._require_in(space_id, by=by)
        context.change(spec, space_id=space_id, at=self.clock())
        await self.store.write(context)
        lost = await self.neighbours.find_cut_off(context.id) if moves else ()
        if lost:
            raise ContextUnreachableError(space=space_id, uses=", ".join(lost))
        await self._note("update", context, by=by)
        return context

    @needs(Action.CONTEXT_DELETE)
    async def delete(self, context_id: ContextId, *, by: Subject) -> Context | None:
        """Delete it for good, also from every stack that has it; None if it is gone."""
        context = await self.find(context_id, by=by, lock=True)
        if context is None:
            return None
        await self.access.require(by, Action.CONTEXT_DELETE, space=context.space_id)
        await self.store.remove(context)
        await self._note("delete", context, by=by)
        return context

    async def _note(self, verb: str, context: Context, *, by: Subject) -> None:
        await self.trail.note(
            f"context.{verb}",
            Resource(ResourceType.CONTEXT, context.id),
            space=context.space_id,
            facts=context.facts(),
            by=by,
        )

    async def _require_in(self, space: SpaceId, *, by: Subject) -> None:
        try:
            await self.access.require(by, Action.CONTEXT_CREATE, space=space)
        except NotFoundError:
            raise ContextSpaceError(space=space) from None
