from collections.abc import Sequence

from ariadne import ObjectType, QueryType

from stackyard.graphql.context import Info
from stackyard.kernel.ids import SpaceId
from stackyard.spaces import Space
from stackyard.stacks import Stack

query = QueryType()
stack = ObjectType("Stack")
space = ObjectType("Space")
space.set_alias("parentSpace", "parent_id")
space.set_alias("inheritEntities", "inherits")

bindables = [query, stack, space]


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
    async with info.context.open_unit() as unit:  # asks the database nothing
        level = await unit.access.level(info.context.subject, space=parent.id)
    return level.name
