"""People, their groups and invitations, in the graph."""

from collections.abc import Mapping, Sequence
from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from stackyard.graphql.context import Info
from stackyard.graphql.identity import show_rules
from stackyard.identity import Invitation, SecurityKey, User, UserGroup, UserStatus
from stackyard.kernel.actions import Level
from stackyard.kernel.ids import GroupId, SecurityKeyId, SpaceId, UserId
from stackyard.spaces import Holder, HolderKind, RoleBinding

query = QueryType()
mutation = MutationType()
user = ObjectType("ManagedUser")
user.set_alias("ssoAdmin", "admin")
group = ObjectType("ManagedUserGroup")
group.set_alias("groupName", "name")
security_key = ObjectType("SecurityKey")
bindables = [query, mutation, user, group, security_key]


@query.field("managedUsers")
async def resolve_users(_root: None, info: Info) -> Sequence[User]:
    async with info.context.open_unit() as unit:
        return await unit.people.list(by=info.context.subject)


@query.field("managedUser")
async def resolve_user(_root: None, info: Info, *, id: str) -> User | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.people.find(UserId(id), by=info.context.subject)


@mutation.field("managedUserInvite")
async def resolve_invite(_root: None, info: Info, *, input: dict[str, Any]) -> User:  # noqa: A002 - the contract's name
    by = info.context.subject
    async with info.context.open_unit() as unit:
        invitation = await unit.people.invite(
            username=input["username"],
            email=input.get("invitation_email") or None,
            by=by,
        )
        holder = Holder(HolderKind.USER, invitation.user.id)
        await unit.bindings.set_rules(holder, _rules(input), by=by)
    return _with_link(invitation, info)


@mutation.field("managedUserInviteAgain")
async def resolve_invite_again(_root: None, info: Info, *, id: str) -> User:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        invitation = await unit.people.invite_again(UserId(id), by=info.context.subject)
    return _with_link(invitation, info)


@mutation.field("managedUserUpdate")
async def resolve_update(_root: None, info: Info, *, input: dict[str, Any]) -> User:  # noqa: A002 - the contract's name
    by = info.context.subject
    async with info.context.open_unit() as unit:
        found = await unit.people.get(UserId(input["id"]), by=by)
        holder = Holder(HolderKind.USER, found.id)
        await unit.bindings.set_rules(holder, _rules(input), by=by)
        return found


@mutation.field("managedUserDelete")
async def resolve_delete(_root: None, info: Info, *, id: str) -> User | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.people.delete(UserId(id), by=info.context.subject)


@user.field("status")
async def resolve_status(parent: User, info: Info) -> UserStatus:
    return parent.status(at=info.context.means.clock())


@user.field("loginMethod")
async def resolve_method(parent: User, _info: Info) -> str | None:
    return parent.method


@user.field("lastLoginAt")
async def resolve_last_login(parent: User, _info: Info) -> int | None:
    last = parent.last_login_at
    return None if last is None else int(last.timestamp())


@user.field("accessRules")
async def resolve_user_rules(parent: User, info: Info) -> list[dict[str, str]]:
    return show_rules(await info.context.loaders.user_rules.load(parent.id))


@user.field("roleBindings")
async def resolve_user_bindings(parent: User, info: Info) -> Sequence[RoleBinding]:
    return await info.context.loaders.user_bindings.load(parent.id)


@user.field("invitationLink")
async def resolve_link(parent: User, info: Info) -> str | None:
    return info.context.shown_once.get(parent.id)


@user.field("securityKeys")
async def resolve_keys(parent: User, info: Info) -> Sequence[SecurityKey]:
    return await info.context.loaders.security_keys.load(parent.id)


@mutation.field("securityKeyDelete")
async def resolve_key_delete(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> SecurityKey | None:
    async with info.context.open_unit() as unit:
        return await unit.people.delete_security_key(
            SecurityKeyId(id), by=info.context.subject
        )


@security_key.field("createdAt")
def resolve_created_at(parent: SecurityKey, _info: Info) -> int:
    return int(parent.created_at.timestamp())


@query.field("managedUserGroups")
async def resolve_groups(_root: None, info: Info) -> Sequence[UserGroup]:
    async with info.context.open_unit() as unit:
        return await unit.groups.list(by=info.context.subject)


@query.field("managedUserGroup")
async def resolve_group(_root: None, info: Info, *, id: str) -> UserGroup | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.groups.find(GroupId(id), by=info.context.subject)


@mutation.field("managedUserGroupCreate")
async def resolve_group_create(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> UserGroup:
    by = info.context.subject
    async with info.context.open_unit() as unit:
        made = await unit.groups.create(
            name=input["group_name"], description=input["description"], by=by
        )
        holder = Holder(HolderKind.GROUP, made.id)
        await unit.bindings.set_rules(holder, _rules(input), by=by)
        return made


@mutation.field("managedUserGroupUpdate")
async def resolve_group_update(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> UserGroup:
    by = info.context.subject
    async with info.context.open_unit() as unit:
        changed = await unit.groups.update(
            GroupId(input["id"]), description=input["description"], by=by
        )
        holder = Holder(HolderKind.GROUP, changed.id)
        await unit.bindings.set_rules(holder, _rules(input), by=by)
        return changed


@mutation.field("managedUserGroupDelete")
async def resolve_group_delete(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> UserGroup | None:
    async with info.context.open_unit() as unit:
        return await unit.groups.delete(GroupId(id), by=info.context.subject)


@group.field("accessRules")
async def resolve_group_rules(parent: UserGroup, info: Info) -> list[dict[str, str]]:
    return show_rules(await info.context.loaders.group_rules.load(parent.id))


@group.field("roleBindings")
async def resolve_group_bindings(
    parent: UserGroup, info: Info
) -> Sequence[RoleBinding]:
    return await info.context.loaders.group_bindings.load(parent.id)


def _rules(said: Mapping[str, Any]) -> dict[SpaceId, Level]:
    """Return the highest level that is said for each space."""
    rules: dict[SpaceId, Level] = {}
    for rule in said.get("access_rules") or ():
        space, level = SpaceId(rule["space"]), Level[rule["space_access_level"]]
        rules[space] = max(level, rules.get(space, Level.NONE))
    return rules


def _with_link(invitation: Invitation, info: Info) -> User:
    base = info.context.means.site.base_url
    link = f"{base}/invitation?token={invitation.secret}"
    info.context.shown_once[invitation.user.id] = link
    return invitation.user
