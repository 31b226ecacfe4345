"""Templates in the graph, their versions and what is deployed of them."""

import json
from collections.abc import Sequence
from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from stackyard.blueprints import (
    TEMPLATE_SCHEMA,
    Deployed,
    DeploymentChange,
    DeploymentInput,
    DeploymentSpec,
    Evaluation,
    Publication,
    Template,
    TemplateSpec,
    TemplateVersion,
    TemplateVersionSpec,
    given_inputs,
)
from stackyard.graphql.blueprints import pairs
from stackyard.graphql.context import Info
from stackyard.graphql.search import connection, search_from
from stackyard.kernel.ids import DeploymentId, SpaceId, TemplateId, TemplateVersionId
from stackyard.spaces import Space
from stackyard.unit import Unit

query = QueryType()
mutation = MutationType()
template = ObjectType("Template")
version = ObjectType("TemplateVersion")
deployment = ObjectType("TemplateDeployment")
deployment_input = ObjectType("TemplateDeploymentInput")
bindables = [query, mutation, template, version, deployment, deployment_input]

version.set_alias("version", "number")
version.set_alias("rawTemplate", "body")
for _name in ("id", "name", "description"):
    deployment.set_alias(_name, f"deployment.{_name}")


@query.field("template")
async def resolve_template(_root: None, info: Info, *, id: str) -> Template | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.templates.find(TemplateId(id), by=info.context.subject)


@query.field("searchTemplates")
async def resolve_search(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> dict[str, Any]:
    async with info.context.open_list() as unit:
        page = await unit.templates.search(search_from(input), by=info.context.subject)
    return connection(page)


@query.field("templateSchema")
def resolve_schema(_root: None, _info: Info) -> str:
    return json.dumps(TEMPLATE_SCHEMA, indent=2)


@query.field("templateVersionParseTemplate")
async def resolve_parse(
    _root: None, info: Info, *, template: str
) -> dict[str, Sequence[str]]:
    async def check(unit: Unit, evaluation: Evaluation) -> Sequence[str]:
        return await unit.template_versions.problems(
            template, evaluation, by=info.context.subject
        )

    return {"errors": await info.context.means.evaluations.during(check)}


@query.field("templateDeployment")
async def resolve_deployment(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    template_id: str,
) -> Deployed | None:
    async with info.context.open_unit() as unit:
        return await unit.template_deployments.find(
            TemplateId(template_id), DeploymentId(id), by=info.context.subject
        )


@mutation.field("templateCreate")
async def resolve_create(_root: None, info: Info, *, input: dict[str, Any]) -> Template:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.templates.create(_spec(input), by=info.context.subject)


@mutation.field("templateUpdate")
async def resolve_update(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> Template:
    async with info.context.open_unit() as unit:
        return await unit.templates.update(
            TemplateId(id), _spec(input), by=info.context.subject
        )


@mutation.field("templateDelete")
async def resolve_delete(_root: None, info: Info, *, id: str) -> Template | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.templates.delete(TemplateId(id), by=info.context.subject)


@mutation.field("templateVersionCreate")
async def resolve_version_create(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> TemplateVersion:
    async def create(unit: Unit, evaluation: Evaluation) -> TemplateVersion:
        return await unit.template_versions.create(
            TemplateId(input["template_id"]),
            _version_spec(input),
            evaluation,
            by=info.context.subject,
        )

    return await info.context.means.evaluations.during(create)


@mutation.field("templateVersionUpdate")
async def resolve_version_update(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> TemplateVersion:
    async def update(unit: Unit, evaluation: Evaluation) -> TemplateVersion:
        return await unit.template_versions.update(
            TemplateVersionId(id),
            _version_spec(input),
            evaluation,
            by=info.context.subject,
        )

    return await info.context.means.evaluations.during(update)


@mutation.field("templateVersionDelete")
async def resolve_version_delete(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> TemplateVersion | None:
    async with info.context.open_unit() as unit:
        return await unit.template_versions.delete(
            TemplateVersionId(id), by=info.context.subject
        )


@mutation.field("templateDeploymentCreate")
async def resolve_deploy(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> Deployed:
    spec = DeploymentSpec(
        name=input["name"],
        description=input.get("description"),
        inputs=given_inputs(pairs(input.get("inputs"))),
    )

    async def create(unit: Unit, evaluation: Evaluation) -> Deployed:
        return await unit.template_deployments.create(
            TemplateVersionId(id),
            SpaceId(input["space"]),
            spec,
            evaluation,
            by=info.context.subject,
        )

    return await info.context.means.evaluations.during(create)


@mutation.field("templateDeploymentUpdate")
async def resolve_redeploy(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    template_id: str,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> Deployed:
    version_id, given = input.get("version_id"), input.get("inputs")
    change = DeploymentChange(
        version_id=TemplateVersionId(version_id) if version_id else None,
        name=input.get("name"),
        description=input.get("description"),
        inputs=None if given is None else given_inputs(pairs(given)),
    )

    async def update(unit: Unit, evaluation: Evaluation) -> Deployed:
        return await unit.template_deployments.update(
            TemplateId(template_id),
            DeploymentId(id),
            change,
            evaluation,
            by=info.context.subject,
        )

    return await info.context.means.evaluations.during(update)


@mutation.field("templateDeploymentDelete")
async def resolve_undeploy(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    template_id: str,
) -> Deployed | None:
    async with info.context.open_unit() as unit:
        return await unit.template_deployments.delete(
            TemplateId(template_id), DeploymentId(id), by=info.context.subject
        )


@template.field("createdAt")
@version.field("createdAt")
def resolve_created_at(root: Template | TemplateVersion, _info: Info) -> int:
    return int(root.created_at.timestamp())


@template.field("updatedAt")
@version.field("updatedAt")
def resolve_updated_at(root: Template | TemplateVersion, _info: Info) -> int:
    return int(root.updated_at.timestamp())


@version.field("publishedAt")
def resolve_published_at(root: TemplateVersion, _info: Info) -> int | None:
    return int(root.published_at.timestamp()) if root.published_at else None


@template.field("space")
@version.field("space")
async def resolve_space(root: Template | TemplateVersion, info: Info) -> Space:
    return await info.context.loaders.spaces.load(root.space_id)


@template.field("deploymentsCount")
async def resolve_deployments_count(root: Template, info: Info) -> int:
    return (await info.context.loaders.template_facts.load(root.id)).deployments


@template.field("canDelete")
async def resolve_can_delete(root: Template, info: Info) -> bool:
    return (await info.context.loaders.template_facts.load(root.id)).can_delete


@template.field("latestVersion")
async def resolve_latest(root: Template, info: Info) -> TemplateVersion | None:
    return (await info.context.loaders.template_facts.load(root.id)).latest


@template.field("templateVersion")
async def resolve_version(
    root: Template,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> TemplateVersion | None:
    async with info.context.open_unit() as unit:
        return await unit.template_versions.find(root.id, id, by=info.context.subject)


@template.field("templateVersionByNumber")
async def resolve_version_by_number(
    root: Template, info: Info, *, version_number: str
) -> TemplateVersion | None:
    async with info.context.open_unit() as unit:
        return await unit.template_versions.by_number(
            root.id, version_number, by=info.context.subject
        )


@deployment.field("createdAt")
def resolve_deployed_at(root: Deployed, _info: Info) -> int:
    return int(root.deployment.created_at.timestamp())


@deployment.field("space")
async def resolve_deployed_in(root: Deployed, info: Info) -> Space:
    return await info.context.loaders.spaces.load(root.deployment.space_id)


@deployment.field("template")
async def resolve_deployed_template(root: Deployed, info: Info) -> Template:
    found = root.deployment.version.template
    return found if await _knows(found.id, info) else found.outline()


@deployment.field("templateVersion")
async def resolve_deployed_version(root: Deployed, info: Info) -> TemplateVersion:
    found = root.deployment.version
    return found if await _knows(found.template_id, info) else found.outline()


@deployment_input.field("value")
def resolve_value(root: DeploymentInput, _info: Info) -> str:
    return root.value or ""


async def _knows(template_id: TemplateId, info: Info) -> bool:
    """Whether who asks may read the template, or came to it by a deployment alone."""
    return (await info.context.loaders.template_facts.load(template_id)).known


def _spec(given: dict[str, Any]) -> TemplateSpec:
    return TemplateSpec(
        name=given["name"],
        space_id=SpaceId(given["space"]),
        description=given.get("description"),
        labels=tuple(given.get("labels") or ()),
    )


def _version_spec(given: dict[str, Any]) -> TemplateVersionSpec:
    return TemplateVersionSpec(
        number=given["version_number"],
        state=Publication(given["state"]),
        instructions=given.get("instructions"),
        labels=tuple(given.get("labels") or ()),
        body=given.get("template"),
    )
