"""Use cases of the tree."""

from collections.abc import Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Action, Level, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.errors import ForbiddenError, NotFoundError
from stackyard.kernel.ids import ROOT, SpaceId
from stackyard.kernel.needs import Rule, needs
from stackyard.spaces.access import (
    SpaceAccess,
    below,
    is_administrator,
    reaching,
    visible_to,
    with_ancestors,
)
from stackyard.spaces.errors import (
    BuiltInSpaceError,
    CutOffError,
    InheritanceByAdminsError,
    ParentNotFoundError,
    SpaceCircleError,
    SpaceNotFoundError,
    SpaceOccupiedError,
    SpacesByAdminsError,
)
from stackyard.spaces.model import Space, SpaceSpec
from stackyard.spaces.ports import Occupants
from stackyard.spaces.store import SpaceStore


@dataclass(frozen=True, slots=True)
class Spaces:
    store: SpaceStore
    access: SpaceAccess
    occupants: Occupants
    trail: Trail

    @needs(Action.SPACE_READ)
    async def find(self, space_id: SpaceId, *, by: Subject) -> Space | None:
        await self.access.require(by, Action.SPACE_READ, space=space_id)
        return await self.store.find(space_id)

    @needs(Action.SPACE_READ)
    async def get(self, space_id: SpaceId, *, by: Subject) -> Space:
        space = await self.find(space_id, by=by)
        if space is None:
            raise SpaceNotFoundError(space=space_id)
        return space

    @needs(Action.SPACE_READ)
    async def list(self, *, by: Subject) -> Sequence[Space]:
        """Return the spaces that *by* may read, and the way from each up to root."""
        return await self.store.list(among=with_ancestors(visible_to(by)))

    @needs(Action.SPACE_ADMIN)
    async def create(self, spec: SpaceSpec, *, by: Subject) -> Space:
        """Make a space. Made by an administrator of its parent only, it inherits."""
        await self.store.lock_tree()
        space = Space.create(spec)
        parent = space.parent_id or ROOT
        await self._require_parent(parent, by=by)
        if not await self._is_account_admin(by):
            await self._require_delegated(parent, by=by)
            space.inherits = True
        await self.store.add(space)
        self.access.forget()
        await self._note("create", space, by=by)
        return space

    @needs(Action.SPACE_ADMIN)
    async def update(self, space_id: SpaceId, spec: SpaceSpec, *, by: Subject) -> Space:
        """Replace what is said of it. All that is in use must stay within reach."""
        await self.store.lock_tree()
        space = await self.get(space_id, by=by)
        await self.access.require(by, Action.SPACE_ADMIN, space=space_id)
        if space.built_in and (spec.name != space.name or _moves(space, spec)):
            raise BuiltInSpaceError(space=space.id)
        await self._allow(space, spec, by=by)
        reshaped = space.change(spec)
        await self._note("update", space, by=by)
        if not reshaped:
            return space
        await self.store.flush()
        self.access.forget()
        lost = await self.occupants.find_cut_off(reaching(below(space.id)))
        if lost:
            raise CutOffError(space=space.id, uses=", ".join(lost))
        return space

    @needs(Action.SPACE_ADMIN)
    async def delete(self, space_id: SpaceId, *, by: Subject) -> Space | None:
        """Remove an empty space; None if there is none."""
        await self.store.lock_tree()
        try:
            space = await self.find(space_id, by=by)
        except NotFoundError:
            return None
        if space is None:
            return None
        await self.access.require(by, Action.SPACE_ADMIN, space=space_id)
        if not await self._is_account_admin(by):
            await self._require_delegated(space_id, by=by)
        if space.built_in:
            raise BuiltInSpaceError(space=space.id)
        things = [("space", await self.store.children(space_id))]
        things += await self.occupants.count(space_id)
        found = [_counted(kind, count) for kind, count in things if count]
        if found:
            raise SpaceOccupiedError(space=space.id, things=", ".join(found))
        await self.store.remove(space)
        self.access.forget()
        await self._note("delete", space, by=by)
        return space

    async def _note(self, verb: str, space: Space, *, by: Subject) -> None:
        await self.trail.note(
            f"space.{verb}",
            Resource(ResourceType.SPACE, space.id),
            space=space.id,
            facts={"ID": space.id, "Name": space.name},
            by=by,
        )

    @needs(Rule.SIGNED_IN)
    async def levels(
        self, spaces: Sequence[SpaceId], *, by: Subject
    ) -> dict[SpaceId, Level]:
        """Return what *by* is in each of these spaces."""
        return await self.access.levels(by, spaces=spaces)

    async def _allow(self, space: Space, spec: SpaceSpec, *, by: Subject) -> None:
        """Refuse a change of the tree's shape that *by* may not make, or nobody."""
        moves = _moves(space, spec)
        stops = space.inherits and not spec.inherits
        if (moves or stops) and not await self._is_account_admin(by):
            if stops:
                raise InheritanceByAdminsError(space=space.id)
            await self._require_delegated(space.id, by=by)
        if moves and spec.parent is not None:
            await self._require_parent(spec.parent, by=by)
            if await self.store.contains(space.id, spec.parent):
                raise SpaceCircleError(space=space.id, parent=spec.parent)

    async def _require_parent(self, parent: SpaceId, *, by: Subject) -> None:
        try:
            found = await self.find(parent, by=by)
        except NotFoundError:
            found = None
        if found is None:
            raise ParentNotFoundError(parent=parent)
        try:
            await self.access.require(by, Action.SPACE_ADMIN, space=parent)
        except ForbiddenError:
            raise SpacesByAdminsError(subject=by.name, space=parent) from None

    async def _require_delegated(self, space: SpaceId, *, by: Subject) -> None:
        if not await self.occupants.space_admins_make_spaces():
            raise SpacesByAdminsError(subject=by.name, space=space)

    async def _is_account_admin(self, by: Subject) -> bool:
        if is_administrator(by):
            return True
        return (await self.access.levels(by, spaces=[ROOT]))[ROOT] is Level.ADMIN


def _moves(space: Space, spec: SpaceSpec) -> bool:
    if space.id == ROOT:
        return spec.parent is not None
    return spec.parent not in {None, space.parent_id}


def _counted(kind: str, count: int) -> str:
    several = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
    return f"{count} {kind if count == 1 else several}"
