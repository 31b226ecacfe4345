"""Roles, and who holds them where, in the graph."""

from collections.abc import Sequence
from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from stackyard.graphql.context import Info
from stackyard.identity import User, UserGroup
from stackyard.kernel.actions import Action
from stackyard.kernel.ids import BindingId, GroupId, SpaceId, UserId
from stackyard.spaces import Holder, HolderKind, Role, RoleBinding, Space
from stackyard.stacks import Stack

query = QueryType()
mutation = MutationType()
stack = ObjectType("Stack")
role = ObjectType("Role")
_ALIASES = {
    "ApiKeyRoleBinding": {"spaceID": "space_id", "apiKeyID": "api_key_id"},
    "StackRoleBinding": {"stackID": "stack_id"},
    "UserGroupRoleBinding": {"roleID": "role_id", "spaceID": "space_id"},
    "UserRoleBinding": {
        "roleID": "role_id",
        "spaceID": "space_id",
        "userID": "user_id",
    },
}
_bindings = {name: ObjectType(name) for name in _ALIASES}
for _name, _aliases in _ALIASES.items():
    for _field, _attribute in _aliases.items():
        _bindings[_name].set_alias(_field, _attribute)
bindables = [query, mutation, stack, role, *_bindings.values()]


@query.field("roles")
async def resolve_roles(_root: None, info: Info) -> Sequence[Role]:
    async with info.context.open_unit() as unit:
        return await unit.roles.list(by=info.context.subject)


@query.field("role")
async def resolve_role(_root: None, info: Info, *, id: str) -> Role | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.roles.find(id, by=info.context.subject)


@role.field("roleBindingsCount")
async def resolve_count(parent: Role, info: Info) -> int:
    return await info.context.loaders.role_counts.load(parent.id)


@mutation.field("roleCreate")
async def resolve_create(_root: None, info: Info, *, input: dict[str, Any]) -> Role:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.roles.create(
            name=input["name"],
            description=input.get("description"),
            actions=[Action(one) for one in input["actions"]],
            by=info.context.subject,
        )


@mutation.field("roleUpdate")
async def resolve_update(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> Role:
    actions = input.get("actions")
    async with info.context.open_unit() as unit:
        return await unit.roles.update(
            id,
            name=input.get("name"),
            description=input.get("description"),
            actions=None if actions is None else [Action(one) for one in actions],
            by=info.context.subject,
        )


@mutation.field("roleDelete")
async def resolve_delete(_root: None, info: Info, *, id: str) -> Role | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.roles.delete(id, by=info.context.subject)


async def _find(info: Info, binding: str, kind: HolderKind) -> RoleBinding | None:
    async with info.context.open_unit() as unit:
        return await unit.bindings.find(
            BindingId(binding), kind, by=info.context.subject
        )


async def _bind(info: Info, holder: Holder, said: dict[str, Any]) -> RoleBinding:
    async with info.context.open_unit() as unit:
        return await unit.bindings.create(
            holder,
            role=said["role_id"],
            space=SpaceId(said["space_id"]),
            by=info.context.subject,
        )


async def _unbind(info: Info, binding: str, kind: HolderKind) -> RoleBinding:
    async with info.context.open_unit() as unit:
        return await unit.bindings.delete(
            BindingId(binding), kind, by=info.context.subject
        )


@query.field("apiKeyRoleBinding")
async def resolve_of_key(_root: None, info: Info, *, id: str) -> RoleBinding | None:  # noqa: A002 - the contract's name
    return await _find(info, id, HolderKind.API_KEY)


@query.field("stackRoleBinding")
async def resolve_of_stack(_root: None, info: Info, *, id: str) -> RoleBinding | None:  # noqa: A002 - the contract's name
    return await _find(info, id, HolderKind.STACK)


@query.field("userGroupRoleBinding")
async def resolve_of_group(_root: None, info: Info, *, id: str) -> RoleBinding | None:  # noqa: A002 - the contract's name
    return await _find(info, id, HolderKind.GROUP)


@query.field("userRoleBinding")
async def resolve_of_user(_root: None, info: Info, *, id: str) -> RoleBinding | None:  # noqa: A002 - the contract's name
    return await _find(info, id, HolderKind.USER)


@mutation.field("apiKeyRoleBindingCreate")
async def resolve_bind_key(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> RoleBinding:
    return await _bind(info, Holder(HolderKind.API_KEY, input["api_key_id"]), input)


@mutation.field("stackRoleBindingCreate")
async def resolve_bind_stack(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> RoleBinding:
    return await _bind(info, Holder(HolderKind.STACK, input["stack_id"]), input)


@mutation.field("userGroupRoleBindingCreate")
async def resolve_bind_group(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> RoleBinding:
    return await _bind(info, Holder(HolderKind.GROUP, input["user_group_id"]), input)


@mutation.field("userRoleBindingBatchCreate")
async def resolve_bind_users(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> list[RoleBinding]:
    """All of them, or none."""
    async with info.context.open_unit() as unit:
        return [
            await unit.bindings.create(
                Holder(HolderKind.USER, said["user_id"]),
                role=said["role_id"],
                space=SpaceId(said["space_id"]),
                by=info.context.subject,
            )
            for said in input.get("bindings") or ()
        ]


@mutation.field("apiKeyRoleBindingDelete")
async def resolve_unbind_key(_root: None, info: Info, *, id: str) -> RoleBinding:  # noqa: A002 - the contract's name
    return await _unbind(info, id, HolderKind.API_KEY)


@mutation.field("stackRoleBindingDelete")
async def resolve_unbind_stack(_root: None, info: Info, *, id: str) -> RoleBinding:  # noqa: A002 - the contract's name
    return await _unbind(info, id, HolderKind.STACK)


@mutation.field("userGroupRoleBindingDelete")
async def resolve_unbind_group(_root: None, info: Info, *, id: str) -> RoleBinding:  # noqa: A002 - the contract's name
    return await _unbind(info, id, HolderKind.GROUP)


@mutation.field("userRoleBindingDelete")
async def resolve_unbind_user(_root: None, info: Info, *, id: str) -> RoleBinding:  # noqa: A002 - the contract's name
    return await _unbind(info, id, HolderKind.USER)


async def resolve_binding_role(parent: RoleBinding, info: Info) -> Role | None:
    return await info.context.loaders.roles.load(parent.role_id)


for _binding in _bindings.values():
    _binding.set_field("role", resolve_binding_role)


@_bindings["StackRoleBinding"].field("space")
async def resolve_binding_space(parent: RoleBinding, info: Info) -> Space:
    return await info.context.loaders.spaces.load(parent.space_id)


@_bindings["UserRoleBinding"].field("user")
async def resolve_binding_user(parent: RoleBinding, info: Info) -> User | None:
    return await info.context.loaders.users.load(UserId(parent.holder.id))


@_bindings["UserGroupRoleBinding"].field("userGroup")
async def resolve_binding_group(parent: RoleBinding, info: Info) -> UserGroup | None:
    return await info.context.loaders.groups.load(GroupId(parent.holder.id))


@stack.field("roleBindings")
async def resolve_stack_bindings(parent: Stack, info: Info) -> Sequence[RoleBinding]:
    return await info.context.loaders.stack_bindings.load(parent.id)
