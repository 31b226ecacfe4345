"""Blueprints in the graph."""

import json
from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from stackyard.blueprints import (
    BLUEPRINT_SCHEMA,
    Blueprint,
    BlueprintSpec,
    Evaluation,
    Made,
    Publication,
    given_inputs,
)
from stackyard.graphql.context import Info
from stackyard.graphql.search import connection, search_from
from stackyard.kernel.ids import BlueprintId, SpaceId
from stackyard.spaces import Space
from stackyard.unit import Unit

query = QueryType()
mutation = MutationType()
blueprint = ObjectType("Blueprint")
bindables = [query, mutation, blueprint]

blueprint.set_alias("rawTemplate", "body")
blueprint.set_field("deleted", lambda *_: False)  # what is deleted is gone
for _name in ("instructions", "version"):  # only versions of templates have any
    blueprint.set_field(_name, lambda *_: None)


@query.field("blueprint")
async def resolve_blueprint(_root: None, info: Info, *, id: str) -> Blueprint | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.blueprints.find(BlueprintId(id), by=info.context.subject)


@query.field("blueprintSchema")
def resolve_schema(_root: None, _info: Info) -> str:
    return json.dumps(BLUEPRINT_SCHEMA, indent=2)


@query.field("searchBlueprints")
async def resolve_search(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> dict[str, Any]:
    async with info.context.open_list() as unit:
        page = await unit.blueprints.search(search_from(input), by=info.context.subject)
    return connection(page)


@mutation.field("blueprintCreate")
async def resolve_create(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> Blueprint:
    async def create(unit: Unit, evaluation: Evaluation) -> Blueprint:
        return await unit.blueprints.create(
            _spec(input), evaluation, by=info.context.subject
        )

    return await info.context.means.evaluations.during(create)


@mutation.field("blueprintUpdate")
async def resolve_update(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> Blueprint:
    async def update(unit: Unit, evaluation: Evaluation) -> Blueprint:
        return await unit.blueprints.update(
            BlueprintId(id), _spec(input), evaluation, by=info.context.subject
        )

    return await info.context.means.evaluations.during(update)


@mutation.field("blueprintDelete")
async def resolve_delete(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> Blueprint | None:
    async with info.context.open_unit() as unit:
        return await unit.blueprints.delete(BlueprintId(id), by=info.context.subject)


@mutation.field("blueprintCreateStack")
async def resolve_create_stack(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> Made:
    given = given_inputs(pairs(input.get("template_inputs")))

    async def make_stacks(unit: Unit, evaluation: Evaluation) -> Made:
        return await unit.blueprints.make_stacks(
            BlueprintId(id), given, evaluation, by=info.context.subject
        )

    return await info.context.means.evaluations.during(make_stacks)


@blueprint.field("createdAt")
def resolve_created_at(root: Blueprint, _info: Info) -> int:
    return int(root.created_at.timestamp())


@blueprint.field("updatedAt")
def resolve_updated_at(root: Blueprint, _info: Info) -> int:
    return int(root.updated_at.timestamp())


@blueprint.field("publishedAt")
def resolve_published_at(root: Blueprint, _info: Info) -> int | None:
    return int(root.published_at.timestamp()) if root.published_at else None


@blueprint.field("space")
async def resolve_space(root: Blueprint, info: Info) -> Space:
    return await info.context.loaders.spaces.load(root.space_id)


def pairs(given: list[dict[str, str]] | None) -> list[tuple[str, str]]:
    """Read what clients send of inputs; an empty list arrives as null."""
    return [(one["id"], one["value"]) for one in given or ()]


def _spec(given: dict[str, Any]) -> BlueprintSpec:
    return BlueprintSpec(
        name=given["name"],
        space_id=SpaceId(given["space"]),
        state=Publication(given["state"]),
        description=given.get("description"),
        labels=tuple(given.get("labels") or ()),
        body=given.get("template"),
    )
