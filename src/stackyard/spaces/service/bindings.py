"""Use cases of bindings: who is given which role where, and by whom."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stackyard.kernel.access import Action, Level, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import ForbiddenError
from stackyard.kernel.ids import ROOT, ApiKeyId, BindingId, RoleId, SpaceId, StackId
from stackyard.kernel.needs import Rule, needs
from stackyard.spaces.access import SpaceAccess, visible_to
from stackyard.spaces.errors import (
    BindingNotFoundError,
    HolderNotFoundError,
    RoleNotFoundError,
    RootBindingError,
    SpaceNotFoundError,
)
from stackyard.spaces.model import Holder, HolderKind, Role, RoleBinding
from stackyard.spaces.model.roles import ADMIN_ROLE, ROLE_OF_LEVEL
from stackyard.spaces.ports import EnsureOwn, SpaceOfStack
from stackyard.spaces.store import RoleStore

Rules = Mapping[SpaceId, Level]


@dataclass(frozen=True, slots=True)
class Bindings:
    store: RoleStore
    access: SpaceAccess
    clock: Clock
    space_of_stack: SpaceOfStack
    ensure_own: EnsureOwn
    trail: Trail

    @needs(Action.SPACE_ADMIN)
    async def create(
        self, holder: Holder, *, role: str, space: SpaceId, by: Subject
    ) -> RoleBinding:
        """Give *holder* a role in a space and below. *role* is an id or a slug.

        Whoever gives must administer the space; a stack is given no more than the one
        who manages it has.
        """
        await self._require_space(space, by=by)
        if holder.kind is HolderKind.STACK:
            await self._require_stack(StackId(holder.id), space, by=by)
        found = await self.store.find(role)
        if found is None:
            raise RoleNotFoundError(role=role)
        binding = RoleBinding.create(holder, found, space, at=self.clock())
        await self.store.add_binding(binding)
        self.access.forget()
        await self._note("create", binding, found.slug, by=by)
        return binding

    @needs(Rule.ANY_SPACE_ADMIN)
    async def find(
        self, binding_id: BindingId, kind: HolderKind, *, by: Subject
    ) -> RoleBinding | None:
        """Return the binding, or None if there is none of that kind to *by*."""
        if not await self.access.administers_any(by):
            return None
        binding = await self.store.find_binding(binding_id)
        if binding is None or binding.holder.kind is not kind:
            return None
        return binding if await self._is_seen(binding, by=by) else None

    @needs(Action.SPACE_ADMIN)
    async def delete(
        self, binding_id: BindingId, kind: HolderKind, *, by: Subject
    ) -> RoleBinding:
        binding = await self.find(binding_id, kind, by=by)
        if binding is None:
            raise BindingNotFoundError(binding=binding_id)
        try:
            await self._require_space(binding.space_id, by=by)
        except SpaceNotFoundError:  # which they see in the binding
            raise ForbiddenError(subject=by.name, space=binding.space_id) from None
        if kind is HolderKind.STACK:
            stack = StackId(binding.holder.id)
            space = await self.space_of_stack(stack)
            if space is not None:
                await self.access.require(by, Action.STACK_MANAGE, space=space)
            await self.ensure_own(stack)
        await self.store.remove_binding(binding)
        self.access.forget()
        await self._note("delete", binding, binding.role_id, by=by)
        return binding

    @needs(Rule.ANY_SPACE_ADMIN)
    async def of(
        self, kind: HolderKind, ids: Collection[str], *, by: Subject
    ) -> dict[str, list[RoleBinding]]:
        """Return the bindings of each of these holders."""
        found: dict[str, list[RoleBinding]] = defaultdict(list)
        if await self.access.administers_any(by):
            within = visible_to(by) if kind is HolderKind.STACK else None
            for binding in await self.store.bindings_of(kind, ids, within=within):
                found[binding.holder.id].append(binding)
        return found

    @needs(Action.SPACE_ADMIN)
    async def in_space(self, space: SpaceId, *, by: Subject) -> Sequence[RoleBinding]:
        """Return the bindings that were made in this very space."""
        await self.access.require(by, Action.SPACE_ADMIN, space=space)
        return await self.store.bindings_in(space)

    @needs(Rule.ANY_SPACE_ADMIN)
    async def rules(
        self, kind: HolderKind, ids: Collection[str], *, by: Subject
    ) -> dict[str, list[tuple[SpaceId, Level]]]:
        """Return for each holder its system roles, as the older access rules."""
        found: dict[str, list[tuple[SpaceId, Level]]] = defaultdict(list)
        if await self.access.administers_any(by):
            levels = {slug: level for level, slug in ROLE_OF_LEVEL.items()}
            for holder, space, slug in await self.store.rules_of(kind, ids):
                if slug in levels:
                    found[holder].append((space, levels[slug]))
        return found

    @needs(Rule.ACCOUNT_ADMIN)
    async def set_rules(self, holder: Holder, rules: Rules, *, by: Subject) -> None:
        """Make the holder's system roles those of *rules*; custom ones stay."""
        await self._require_space(ROOT, by=by)  # it also takes away, wherever that is
        roles = await self.store.by_slug(list(ROLE_OF_LEVEL.values()))
        wanted = {space: roles[ROLE_OF_LEVEL[level]] for space, level in rules.items()}
        await self._replace(holder, roles, wanted)
        self.access.forget()
        rights = {str(space): level.name for space, level in rules.items()}
        await self.trail.note(
            "access_rules.set", _resource(holder), facts={"Rules": rights}, by=by
        )

    @needs(Rule.ACCOUNT_ADMIN)
    async def make_account_admin(self, key: ApiKeyId, *, by: Subject) -> None:
        """Give an API key the role that governs everything."""
        holder = Holder(HolderKind.API_KEY, key)
        await self.create(holder, role=ADMIN_ROLE, space=ROOT, by=by)

    @needs(Rule.ACCOUNT_ADMIN)
    async def take_all(self, key: ApiKeyId, *, by: Subject) -> None:
        """Take every role from an API key that goes."""
        await self.remove_all_of(Holder(HolderKind.API_KEY, key), by=by)

    @needs(Rule.ACCOUNT_ADMIN)
    async def remove_all_of(self, holder: Holder, *, by: Subject) -> None:
        """Take every role from one who goes."""
        await self._require_space(ROOT, by=by)
        await self.store.remove_all_of(holder)
        self.access.forget()

    async def _replace(
        self, holder: Holder, roles: Mapping[str, Role], wanted: Mapping[SpaceId, Role]
    ) -> None:
        ids: dict[SpaceId, RoleId] = {space: role.id for space, role in wanted.items()}
        at = self.clock()
        await self.store.replace_bindings(
            holder,
            {role.id for role in roles.values()},
            ids,
            [
                RoleBinding.create(holder, role, space, at=at)
                for space, role in wanted.items()
            ],
        )

    async def _is_seen(self, binding: RoleBinding, *, by: Subject) -> bool:
        """A stack's binding is seen by who sees both the stack and the space."""
        if binding.holder.kind is not HolderKind.STACK:
            return True
        home = await self.space_of_stack(StackId(binding.holder.id))
        both = {binding.space_id, home or binding.space_id}
        return await self.access.allowed(by, Action.SPACE_READ, spaces=both) == both

    async def _note(
        self, verb: str, binding: RoleBinding, role: str, *, by: Subject
    ) -> None:
        await self.trail.note(
            f"role_binding.{verb}",
            _resource(binding.holder),
            related=Resource(ResourceType.SPACE, binding.space_id),
            space=binding.space_id,
            facts={"ID": binding.id, "Role": role},
            by=by,
        )

    async def _require_space(self, space: SpaceId, *, by: Subject) -> None:
        await self.access.require(by, Action.SPACE_ADMIN, space=space)

    async def _require_stack(
        self, stack: StackId, space: SpaceId, *, by: Subject
    ) -> None:
        home = await self.space_of_stack(stack)
        if home is None:
            raise HolderNotFoundError(stack=stack)
        try:
            await self.access.require(by, Action.STACK_MANAGE, space=home)
        except SpaceNotFoundError:
            raise HolderNotFoundError(stack=stack) from None
        if space == ROOT and home != ROOT:
            raise RootBindingError(stack=stack, space=home)
        await self.ensure_own(stack)


_KINDS: Final = {
    HolderKind.API_KEY: ResourceType.API_KEY,
    HolderKind.USER: ResourceType.USER,
    HolderKind.GROUP: ResourceType.USER_GROUP,
    HolderKind.STACK: ResourceType.STACK,
}


def _resource(holder: Holder) -> Resource:
    return Resource(_KINDS[holder.kind], holder.id)
