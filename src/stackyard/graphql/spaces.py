from collections.abc import Sequence
from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from stackyard.graphql.context import Info
from stackyard.kernel.ids import SpaceId
from stackyard.spaces import Space, SpaceSpec
from stackyard.stacks import Stack

query = QueryType()
mutation = MutationType()
stack = ObjectType("Stack")
space = ObjectType("Space")
space.set_alias("parentSpace", "parent_id")
space.set_alias("inheritEntities", "inherits")

bindables = [query, mutation, stack, space]


@query.field("space")
async def resolve_space(_root: None, info: Info, *, id: str) -> Space | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.spaces.find(SpaceId(id), by=info.context.subject)


@query.field("spaces")
async def resolve_spaces(_root: None, info: Info) -> Sequence[Space]:
    async with info.context.open_unit() as unit:
        return await unit.spaces.list(by=info.context.subject)


@stack.field("spaceDetails")
async def resolve_space_details(parent: Stack, info: Info) -> Space:
    return await info.context.loaders.spaces.load(parent.space_id)


@space.field("accessLevel")
async def resolve_access_level(parent: Space, info: Info) -> str:
    return (await info.context.loaders.space_levels.load(parent.id)).name


@mutation.field("spaceCreate")
async def resolve_create(_root: None, info: Info, *, input: dict[str, Any]) -> Space:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.spaces.create(_spec(input), by=info.context.subject)


@mutation.field("spaceUpdate")
async def resolve_update(
    _root: None,
    info: Info,
    *,
    space: str,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> Space:
    async with info.context.open_unit() as unit:
        return await unit.spaces.update(
            SpaceId(space), _spec(input), by=info.context.subject
        )


@mutation.field("spaceDelete")
async def resolve_delete(_root: None, info: Info, *, space: str) -> Space | None:
    async with info.context.open_unit() as unit:
        return await unit.spaces.delete(SpaceId(space), by=info.context.subject)


def _spec(said: dict[str, Any]) -> SpaceSpec:
    return SpaceSpec(
        name=said["name"],
        description=said["description"],
        parent=SpaceId(said["parent_space"]) if said["parent_space"] else None,
        inherits=said["inherit_entities"],
        labels=tuple(said.get("labels") or ()),
    )
