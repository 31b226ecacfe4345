"""Use cases of people: invited, listed, sent away."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from stackyard.identity.errors import (
    GroupNotFoundError,
    UserNotFoundError,
    UserTakenError,
)
from stackyard.identity.model import SecurityKey, Strategy, User, UserGroup
from stackyard.identity.ports import MaySeePeople
from stackyard.identity.service.keys import require_administrator
from stackyard.identity.store import FactorStore, PeopleStore
from stackyard.kernel.access import Access, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.ids import GroupId, SecurityKeyId, UserId
from stackyard.kernel.needs import Rule, needs


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody who may come, and the secret of the link that tells them so."""

    user: User
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class People:
    """Administrators of any space may look; only those of the account may change."""

    store: PeopleStore
    factors: FactorStore
    access: Access
    may_see: MaySeePeople
    clock: Clock
    trail: Trail

    @needs(Rule.ANY_SPACE_ADMIN)
    async def list(self, *, by: Subject) -> Sequence[User]:
        return await self.store.users() if await self.may_see(by) else []

    @needs(Rule.ANY_SPACE_ADMIN)
    async def find(self, user_id: UserId, *, by: Subject) -> User | None:
        return await self.store.find(user_id) if await self.may_see(by) else None

    @needs(Rule.ANY_SPACE_ADMIN)
    async def some(self, ids: Collection[UserId], *, by: Subject) -> dict[UserId, User]:
        """Return those of these people that there are."""
        return await self.store.some(ids) if await self.may_see(by) else {}

    @needs(Rule.ACCOUNT_ADMIN)
    async def invite(
        self, *, username: str, email: str | None, by: Subject
    ) -> Invitation:
        """Let somebody in whom the identity provider will know by *username*."""
        await require_administrator(self.access, by)
        if await self.store.is_invited(username, email):
            raise UserTakenError(username=username)
        user, secret = User.invite(
            username=username, email=email, queued=await self._queued(), at=self.clock()
        )
        await self.store.add(user)
        await self._note("invite", user, by=by)
        return Invitation(user, secret)

    @needs(Rule.ACCOUNT_ADMIN)
    async def invite_again(self, user_id: UserId, *, by: Subject) -> Invitation:
        """Make another link; the old one is good for nothing any more."""
        user = await self.get(user_id, by=by)
        secret = user.resend(queued=await self._queued(), at=self.clock())
        await self._note("invite_again", user, by=by)
        return Invitation(user, secret)

    @needs(Rule.ACCOUNT_ADMIN)
    async def get(self, user_id: UserId, *, by: Subject) -> User:
        """Return the person, to change them."""
        await require_administrator(self.access, by)
        user = await self.store.find(user_id, lock=True)
        if user is None:
            raise UserNotFoundError(user=user_id)
        return user

    @needs(Rule.ACCOUNT_ADMIN)
    async def delete(self, user_id: UserId, *, by: Subject) -> User | None:
        """Send somebody away: rights, sessions and second factors go with them."""
        await require_administrator(self.access, by)
        user = await self.store.find(user_id, lock=True)
        if user is not None:
            await self.store.remove(user)
            await self._note("delete", user, by=by)
        return user

    @needs(Rule.ANY_SPACE_ADMIN)
    async def security_keys(
        self, ids: Collection[UserId], *, by: Subject
    ) -> Sequence[SecurityKey]:
        """Return the security keys of these people: their names, and since when."""
        if not await self.may_see(by):
            return []
        return await self.factors.keys_of_some(ids)

    @needs(Rule.ACCOUNT_ADMIN)
    async def delete_security_key(
        self, key_id: SecurityKeyId, *, by: Subject
    ) -> SecurityKey | None:
        """Take somebody's key away, also the last one: they enrol another."""
        await require_administrator(self.access, by)
        key = await self.factors.find_key(key_id)
        if key is not None:
            await self.factors.remove_key(key)
            await self.trail.note(
                "security_key.delete",
                Resource(ResourceType.SECURITY_KEY, key.id),
                related=Resource(ResourceType.USER, key.user_id),
                by=by,
            )
        return key

    async def _note(self, verb: str, user: User, *, by: Subject) -> None:
        await self.trail.note(
            f"user.{verb}",
            Resource(ResourceType.USER, user.id),
            facts={"ID": user.id, "Username": user.username},
            by=by,
        )

    async def _queued(self) -> bool:
        return (await self.store.account()).strategy is not Strategy.USER_MANAGEMENT


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of the identity provider that have rights here."""

    store: PeopleStore
    access: Access
    may_see: MaySeePeople
    clock: Clock
    trail: Trail

    @needs(Rule.ANY_SPACE_ADMIN)
    async def list(self, *, by: Subject) -> Sequence[UserGroup]:
        return await self.store.groups() if await self.may_see(by) else []

    @needs(Rule.ANY_SPACE_ADMIN)
    async def find(self, group_id: GroupId, *, by: Subject) -> UserGroup | None:
        return await self.store.find_group(group_id) if await self.may_see(by) else None

    @needs(Rule.ANY_SPACE_ADMIN)
    async def some(
        self, ids: Collection[GroupId], *, by: Subject
    ) -> dict[GroupId, UserGroup]:
        """Return those of these groups that there are."""
        return await self.store.some_groups(ids) if await self.may_see(by) else {}

    @needs(Rule.ACCOUNT_ADMIN)
    async def create(
        self, *, name: str, description: str | None, by: Subject
    ) -> UserGroup:
        """Map a group by its exact name; whoever is in it may sign in from now on."""
        await require_administrator(self.access, by)
        group = UserGroup.create(name=name, description=description, at=self.clock())
        await self.store.add_group(group)
        await self._note("create", group, by=by)
        return group

    @needs(Rule.ACCOUNT_ADMIN)
    async def update(
        self, group_id: GroupId, *, description: str | None, by: Subject
    ) -> UserGroup:
        await require_administrator(self.access, by)
        group = await self.store.find_group(group_id)
        if group is None:
            raise GroupNotFoundError(group=group_id)
        group.describe(description)
        await self._note("update", group, by=by)
        return group

    @needs(Rule.ACCOUNT_ADMIN)
    async def delete(self, group_id: GroupId, *, by: Subject) -> UserGroup | None:
        """Take the group's rights away, from all who are in it, at once."""
        await require_administrator(self.access, by)
        group = await self.store.find_group(group_id)
        if group is not None:
            await self.store.remove_group(group)
            await self._note("delete", group, by=by)
        return group

    async def _note(self, verb: str, group: UserGroup, *, by: Subject) -> None:
        await self.trail.note(
            f"user_group.{verb}",
            Resource(ResourceType.USER_GROUP, group.id),
            facts={"ID": group.id, "Name": group.name},
            by=by,
        )
