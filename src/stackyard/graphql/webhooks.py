"""Webhooks in the graph: those of stacks and modules, and those with a name."""

from collections.abc import Sequence
from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from stackyard.graphql.context import Info
from stackyard.kernel.ids import SpaceId, StackId, WebhookId
from stackyard.spaces import Space
from stackyard.stacks import Project
from stackyard.webhooks import HookSettings, NamedSettings, NamedWebhook, StackWebhook

query = QueryType()
mutation = MutationType()
integrations = ObjectType("Integrations")
own = ObjectType("WebhooksIntegration")
named = ObjectType("NamedWebhooksIntegration")
bindables = [query, mutation, integrations, own, named]

own.set_field("secret", lambda *_: "")
named.set_field("secret", lambda *_: None)


@integrations.field("webhooks")
async def resolve_own(root: Project, info: Info) -> list[StackWebhook]:
    return await info.context.loaders.stack_webhooks.load(root.id)


@mutation.field("webhooksIntegrationCreate")
async def resolve_create(
    _root: None,
    info: Info,
    *,
    stack: str,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> StackWebhook:
    async with info.context.open_unit() as unit:
        return await unit.stack_webhooks.create(
            StackId(stack), HookSettings(**_common(input)), by=info.context.subject
        )


@mutation.field("webhooksIntegrationUpdate")
async def resolve_update(
    _root: None,
    info: Info,
    *,
    stack: str,
    id: str,  # noqa: A002 - the contract's name
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> StackWebhook:
    async with info.context.open_unit() as unit:
        return await unit.stack_webhooks.update(
            StackId(stack),
            WebhookId(id),
            HookSettings(**_common(input)),
            by=info.context.subject,
        )


@mutation.field("webhooksIntegrationDelete")
async def resolve_delete(
    _root: None,
    info: Info,
    *,
    stack: str,
    id: str,  # noqa: A002 - the contract's name
) -> StackWebhook | None:
    async with info.context.open_unit() as unit:
        return await unit.stack_webhooks.delete(
            StackId(stack), WebhookId(id), by=info.context.subject
        )


@query.field("namedWebhooksIntegration")
async def resolve_named(_root: None, info: Info, *, id: str) -> NamedWebhook | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.named_webhooks.find(WebhookId(id), by=info.context.subject)


@mutation.field("namedWebhooksIntegrationCreate")
async def resolve_named_create(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> NamedWebhook:
    async with info.context.open_unit() as unit:
        return await unit.named_webhooks.create(_named(input), by=info.context.subject)


@mutation.field("namedWebhooksIntegrationUpdate")
async def resolve_named_update(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> NamedWebhook:
    async with info.context.open_unit() as unit:
        return await unit.named_webhooks.update(
            WebhookId(id), _named(input), by=info.context.subject
        )


@mutation.field("namedWebhooksIntegrationDelete")
async def resolve_named_delete(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
) -> NamedWebhook | None:
    async with info.context.open_unit() as unit:
        return await unit.named_webhooks.delete(WebhookId(id), by=info.context.subject)


@mutation.field("namedWebhooksIntegrationSetHeaders")
async def resolve_set_headers(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> NamedWebhook:
    wanted = {one["key"]: one["value"] for one in input.get("entries") or ()}
    async with info.context.open_unit() as unit:
        return await unit.named_webhooks.set_headers(
            WebhookId(id), wanted, by=info.context.subject
        )


@mutation.field("namedWebhooksIntegrationDeleteHeaders")
async def resolve_delete_headers(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    header_keys: list[str],
) -> NamedWebhook:
    async with info.context.open_unit() as unit:
        return await unit.named_webhooks.delete_headers(
            WebhookId(id), header_keys, by=info.context.subject
        )


@named.field("space")
async def resolve_space(root: NamedWebhook, info: Info) -> Space:
    return await info.context.loaders.spaces.load(root.space_id)


@named.field("secretHeaders")
async def resolve_secret_headers(root: NamedWebhook, info: Info) -> Sequence[str]:
    async with info.context.open_unit() as unit:
        return await unit.named_webhooks.header_names(root.id, by=info.context.subject)


def _common(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "enabled": given["enabled"],
        "endpoint": given["endpoint"],
        "retry_on_failure": bool(given.get("retry_on_failure")),
        "secret": given.get("secret") or "",
    }


def _named(given: dict[str, Any]) -> NamedSettings:
    return NamedSettings(
        **_common(given),
        name=given["name"],
        space_id=SpaceId(given["space"]),
        labels=tuple(given.get("labels") or ()),
    )
