"""Saved filters in the graph."""

from collections.abc import Sequence
from typing import Any

from ariadne import MutationType, QueryType

from stackyard.filters import FilterType, SavedFilter
from stackyard.graphql.context import Info
from stackyard.kernel.ids import FilterId

query = QueryType()
mutation = MutationType()
bindables = [query, mutation]


@query.field("savedFilter")
async def resolve_filter(_root: None, info: Info, *, id: str) -> SavedFilter | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.filters.find(FilterId(id), by=info.context.subject)


@query.field("savedFilters")
async def resolve_filters(
    _root: None,
    info: Info,
    *,
    type: str | None = None,  # noqa: A002 - the contract's name
) -> Sequence[SavedFilter]:
    kind = FilterType.of(type) if type else None
    async with info.context.open_unit() as unit:
        return await unit.filters.all(kind, by=info.context.subject)


@mutation.field("savedFilterCreate")
async def resolve_create(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> SavedFilter:
    async with info.context.open_unit() as unit:
        return await unit.filters.create(
            FilterType.of(input["type"]),
            input["name"],
            input["data"],
            is_public=input["is_public"],
            by=info.context.subject,
        )


@mutation.field("savedFilterUpdate")
async def resolve_update(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    name: str,
    data: str,
    is_public: bool,
) -> SavedFilter:
    async with info.context.open_unit() as unit:
        return await unit.filters.update(
            FilterId(id), name, data, is_public=is_public, by=info.context.subject
        )


@mutation.field("savedFilterDelete")
async def resolve_delete(_root: None, info: Info, *, id: str) -> SavedFilter | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.filters.delete(FilterId(id), by=info.context.subject)
