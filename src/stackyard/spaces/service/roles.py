"""Use cases of roles. They hold for the account, so its administrators make them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.errors import NotFoundError, StackyardError
from stackyard.kernel.ids import ROOT, RoleId
from stackyard.kernel.needs import Rule, needs
from stackyard.spaces.access import SpaceAccess
from stackyard.spaces.errors import RoleNotFoundError, RolesByAdminsError
from stackyard.spaces.model import Role
from stackyard.spaces.store import RoleStore


@dataclass(frozen=True, slots=True)
class Roles:
    store: RoleStore
    access: SpaceAccess
    trail: Trail

    @needs(Rule.ANY_SPACE_ADMIN)
    async def list(self, *, by: Subject) -> Sequence[Role]:
        """Return all roles to administrators of any space, to others none."""
        if not await self.access.administers_any(by):
            return []
        return await self.store.list()

    @needs(Rule.ANY_SPACE_ADMIN)
    async def find(self, reference: str, *, by: Subject) -> Role | None:
        """Return the role of that id or slug; None if *by* administers nothing."""
        if not await self.access.administers_any(by):
            return None
        return await self.store.find(reference)

    @needs(Rule.ANY_SPACE_ADMIN)
    async def some(self, ids: Collection[RoleId], *, by: Subject) -> dict[RoleId, Role]:
        """Return those of these roles that there are."""
        if not await self.access.administers_any(by):
            return {}
        return await self.store.some(ids)

    @needs(Rule.ANY_SPACE_ADMIN)
    async def counts(
        self, ids: Collection[RoleId], *, by: Subject
    ) -> dict[RoleId, int]:
        """Return how often each of these roles is bound."""
        if not await self.access.administers_any(by):
            return {}
        return await self.store.counts(ids)

    @needs(Rule.ACCOUNT_ADMIN)
    async def create(
        self,
        *,
        name: str,
        description: str | None,
        actions: Iterable[Action],
        by: Subject,
    ) -> Role:
        await self._require_administrator(by)
        role = Role.create(name=name, description=description, actions=actions)
        await self.store.add(role)
        await self._note("create", role, by=by)
        return role

    @needs(Rule.ACCOUNT_ADMIN)
    async def update(
        self,
        reference: str,
        *,
        by: Subject,
        name: str | None = None,
        description: str | None = None,
        actions: Iterable[Action] | None = None,
    ) -> Role:
        """Change what is given. Who holds the role has the new rights at once."""
        await self._require_administrator(by)
        role = await self._get(reference)
        role.change(name=name, description=description, actions=actions)
        self.access.forget()
        await self._note("update", role, by=by)
        return role

    @needs(Rule.ACCOUNT_ADMIN)
    async def delete(self, reference: str, *, by: Subject) -> Role | None:
        """Remove a role that nobody holds; None if there is none."""
        await self._require_administrator(by)
        role = await self.store.find(reference)
        if role is not None:
            role.require_custom()
            await self.store.remove(role)
            await self._note("delete", role, by=by)
        return role

    async def _note(self, verb: str, role: Role, *, by: Subject) -> None:
        """The contract's list of resources has no word for roles."""
        await self.trail.note(
            f"role.{verb}",
            Resource(ResourceType.UNKNOWN, role.id),
            facts={"ID": role.id, "Slug": role.slug, "Actions": list(role.actions)},
            by=by,
        )

    async def _get(self, reference: str) -> Role:
        role = await self.store.find(reference)
        if role is None:
            raise RoleNotFoundError(role=reference)
        return role

    async def _require_administrator(self, by: Subject) -> None:
        await require_account_admin(self.access, by, RolesByAdminsError)


async def require_account_admin(
    access: SpaceAccess, by: Subject, refusal: type[StackyardError]
) -> None:
    """Ask for the root space; that there is an account is no secret."""
    try:
        await access.require(by, Action.SPACE_ADMIN, space=ROOT)
    except NotFoundError:
        raise refusal(subject=by.name) from None
