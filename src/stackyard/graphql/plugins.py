"""Plugins and their templates in the graph."""

from collections.abc import Sequence
from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from stackyard.graphql.context import Info
from stackyard.kernel.ids import PluginId, PluginTemplateId, SpaceId
from stackyard.plugins import Plugin, PluginSpec, PluginTemplate, PluginTemplateSpec
from stackyard.spaces import Space

query = QueryType()
mutation = MutationType()
plugin = ObjectType("Plugin")
template = ObjectType("PluginTemplate")
bindables = [query, mutation, plugin, template]

plugin.set_alias("labelIdentifier", "label")


@query.field("plugin")
async def resolve_plugin(_root: None, info: Info, *, id: str) -> Plugin | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.plugins.find(PluginId(id), by=info.context.subject)


@query.field("plugins")
async def resolve_plugins(_root: None, info: Info) -> Sequence[Plugin]:
    async with info.context.open_list() as unit:
        return await unit.plugins.all(by=info.context.subject)


@query.field("pluginTemplate")
async def resolve_template(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> PluginTemplate | None:
    async with info.context.open_unit() as unit:
        return await unit.plugin_templates.find(
            PluginTemplateId(id), by=info.context.subject
        )


@query.field("pluginTemplates")
async def resolve_templates(_root: None, info: Info) -> Sequence[PluginTemplate]:
    async with info.context.open_list() as unit:
        return await unit.plugin_templates.all(by=info.context.subject)


@mutation.field("pluginInstall")
async def resolve_install(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> Plugin:
    wanted = PluginSpec(
        name=input["name"],
        template_id=PluginTemplateId(input["plugin_template_id"]),
        space_id=SpaceId(input["space"]),
        label=input["label_identifier"],
        labels=tuple(input.get("labels") or ()),
        values=tuple(
            (one["id"], one["value"]) for one in input.get("parameters") or ()
        ),
    )
    async with info.context.open_unit() as unit:
        return await unit.plugins.install(wanted, by=info.context.subject)


@mutation.field("pluginDelete")
async def resolve_delete(_root: None, info: Info, *, id: str) -> Plugin | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.plugins.delete(PluginId(id), by=info.context.subject)


@mutation.field("pluginTemplateCreate")
async def resolve_template_create(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> PluginTemplate:
    wanted = PluginTemplateSpec(
        name=input["name"],
        manifest=input["manifest"],
        description=input.get("description"),
        labels=tuple(input.get("labels") or ()),
    )
    async with info.context.open_unit() as unit:
        return await unit.plugin_templates.create(wanted, by=info.context.subject)


@mutation.field("pluginTemplateDelete")
async def resolve_template_delete(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> PluginTemplate | None:
    async with info.context.open_unit() as unit:
        return await unit.plugin_templates.delete(
            PluginTemplateId(id), by=info.context.subject
        )


@plugin.field("spaceDetails")
async def resolve_space(root: Plugin, info: Info) -> Space:
    return await info.context.loaders.spaces.load(root.space_id)


@plugin.field("pluginTemplateDetails")
async def resolve_template_of(root: Plugin, info: Info) -> PluginTemplate | None:
    return await info.context.loaders.plugin_templates.load(root.template_id)


@plugin.field("createdAt")
@template.field("createdAt")
def resolve_created_at(root: Plugin | PluginTemplate, _info: Info) -> int:
    return int(root.created_at.timestamp())


@plugin.field("updatedAt")
@template.field("updatedAt")
def resolve_updated_at(root: Plugin | PluginTemplate, _info: Info) -> int:
    return int(root.updated_at.timestamp())
