"""The audit trail in the graph."""

import json
from typing import Any

from ariadne import MutationType, ObjectType, QueryType

from stackyard.audit import Entry, Webhook, WebhookSettings
from stackyard.graphql.context import Info
from stackyard.graphql.search import connection, search_from
from stackyard.kernel.access import SubjectKind
from stackyard.kernel.audit import ResourceType

query = QueryType()
mutation = MutationType()
entry = ObjectType("AuditTrailEntry")
webhook = ObjectType("AuditTrailWebhook")
bindables = [query, mutation, entry, webhook]


@query.field("searchAuditTrailEntries")
async def resolve_search(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> dict[str, Any]:
    async with info.context.open_list() as unit:
        page = await unit.audit.search(search_from(input), by=info.context.subject)
    return connection(page)


@query.field("auditTrailWebhook")
async def resolve_webhook(_root: None, info: Info) -> Webhook | None:
    async with info.context.open_unit() as unit:
        return await unit.audit_webhooks.find(by=info.context.subject)


@mutation.field("auditTrailSetWebhook")
async def resolve_set(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> Webhook:
    headers = (input.get("custom_headers") or {}).get("entries") or ()
    settings = WebhookSettings(
        enabled=input["enabled"],
        endpoint=input["endpoint"],
        include_runs=input["include_runs"],
        retry_on_failure=bool(input.get("retry_on_failure")),
        secret=input["secret"],
        headers={one["key"]: one["value"] for one in headers},
    )
    setup = info.context.means.audit_webhook
    return await setup.set(settings, by=info.context.subject)


@mutation.field("auditTrailDeleteWebhook")
async def resolve_delete(_root: None, info: Info) -> Webhook | None:
    async with info.context.open_unit() as unit:
        return await unit.audit_webhooks.delete(by=info.context.subject)


@webhook.field("secret")
def resolve_secret(_root: Webhook, _info: Info) -> str:
    return ""


@entry.field("actor")
def resolve_actor(root: Entry, _info: Info) -> dict[str, Any]:
    run = None
    if root.actor_kind == SubjectKind.RUN:
        stack_id, _, run_id = root.actor_id.rpartition("/")
        run = {"id": run_id, "stack_id": stack_id}
    return {"username": root.actor, "run": run}


@entry.field("affectedResource")
def resolve_affected(root: Entry, _info: Info) -> dict[str, str | None]:
    return _resource(root.affected_kind, root.affected_id)


@entry.field("relatedResource")
def resolve_related(root: Entry, _info: Info) -> dict[str, str | None] | None:
    if root.related_kind is None:
        return None
    return _resource(root.related_kind, root.related_id)


@entry.field("body")
def resolve_body(root: Entry, _info: Info) -> str:
    """Return what the contract has no fields for."""
    return json.dumps(
        {
            "outcome": root.outcome,
            "actor": {"kind": root.actor_kind, "id": root.actor_id},
            "actor_roles": root.actor_roles,
            "context": {"mutation": root.mutation} if root.mutation else {},
            "data": root.facts,
            "space": root.space_id,
            "remoteIP": root.address,
            "client": root.client,
            "userAgent": root.user_agent,
            "requestID": root.request_id,
            "position": root.position,
        }
    )


@entry.field("createdAt")
@entry.field("updatedAt")
def resolve_at(root: Entry, _info: Info) -> int:
    """Return when it was; an entry never changes."""
    return int(root.at.timestamp())


def _resource(kind: str, resource_id: str | None) -> dict[str, str | None]:
    """Return it as the contract has it, also where somebody tampered with its kind."""
    known = kind if kind in ResourceType.__members__ else ResourceType.UNKNOWN
    return {"resource_type": known, "resource_id": resource_id}
