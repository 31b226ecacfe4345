from typing import Final

from ariadne import QueryType

from stackyard.graphql.context import Info

TIER: Final = "SELF_HOSTED"

query = QueryType()
bindables = [query]


@query.field("name")
async def resolve_name(_root: None, info: Info) -> str:
    async with info.context.open_unit() as unit:
        return unit.means.site.account


@query.field("tier")
async def resolve_tier(_root: None, _info: Info) -> str:
    return TIER
