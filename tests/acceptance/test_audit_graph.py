"""What the trail knows of requests to the graph, and what it never gets to know."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from tests.support.edge import ADMIN
from tests.support.registry import Registry
from tests.support.stacks import ADA, a_spec

from stackyard.adapters.postgres import Database
from stackyard.http.app import build_app
from stackyard.http.graphql import GraphRoute
from stackyard.http.session import SessionRoutes
from stackyard.kernel.access import Grant, Subject, SubjectKind
from stackyard.kernel.audit import Resource, ResourceType
from stackyard.kernel.errors import ForbiddenError
from stackyard.kernel.ids import ROOT, StackId

OPERATIONS: Final = Path(__file__).parents[1] / "operations" / "spacectl"
CANARY: Final = "canary-0ddba11-5ecre7"
EVE: Final = Subject(SubjectKind.USER, "eve", "eve")
LOCK: Final = 'mutation ($id: ID!) { stackLock(id: $id, note: "mine") { id } }'
SEARCH: Final = (
    "query ($input: SearchInput!) { searchAuditTrailEntries(input: $input)"
    " { edges { node { id body } } } }"
)


@pytest.fixture
async def registry(database: Database) -> Registry:
    return await prepared(Registry(database))


async def prepared(registry: Registry) -> Registry:
    """Have a stack in the root space, and nothing in the trail."""
    await registry.prepare()
    async with registry.unit() as unit:
        await unit.stacks.create(a_spec(space_id=ROOT), by=ADA)
    await registry.sql("DELETE FROM audit_entries RETURNING 1")
    return registry


@pytest.fixture
async def client(registry: Registry) -> AsyncIterator[httpx.AsyncClient]:
    async with registry.client() as client:
        yield client


async def whole(registry: Registry) -> str:
    """Return everything that the database holds of the trail, as text."""
    await registry.work()
    tables = ("entries", "chain", "webhooks", "deliveries")
    rows = [
        await registry.sql(f"SELECT t::text FROM audit_{table} t") for table in tables
    ]
    return str(rows)


async def test_an_entry_says_where_its_request_came_from(
    registry: Registry, client: httpx.AsyncClient
) -> None:
    bearer = await registry.bearer()
    answer = await client.post(
        "/graphql",
        json={"query": LOCK, "variables": {"id": "net"}},
        headers=bearer
        | {
            "user-agent": "spacectl/1.2",
            "spacelift-client-type": "spacectl",
            "x-forwarded-for": "203.0.113.9",
        },
    )
    assert answer.json() == {"data": {"stackLock": {"id": "net"}}}

    [*_, entry] = await registry.entries()
    assert (entry.action, entry.mutation) == ("stack.lock", "stackLock")
    assert json.loads(entry.data)["args"] == {"ID": "net", "Note": "mine"}
    assert (entry.client, entry.user_agent) == ("spacectl", "spacectl/1.2")
    assert entry.request_id == answer.headers["x-request-id"]
    assert entry.address == "127.0.0.1"  # nobody was named who is believed


async def test_behind_a_proxy_of_ours_the_client_is_who_called_it(
    registry: Registry,
) -> None:
    app = build_app(
        [
            GraphRoute(registry.graph.answer, registry.identification).route(),
            *SessionRoutes(
                registry.identification,
                registry.doors.sign_in,
                registry.doors.key_exchange,
            ).routes(),
        ],
        site=registry.site,
        trusted_proxies=[ip_network("127.0.0.0/8")],
    )
    transport = httpx.ASGITransport(app)
    base = registry.site.base_url
    async with httpx.AsyncClient(transport=transport, base_url=base) as client:
        await client.post(
            "/graphql",
            json={"query": LOCK, "variables": {"id": "net"}},
            headers=await registry.bearer()
            | {"x-forwarded-for": "1.1.1.1, 203.0.113.9"},
        )
        for number in range(12):  # tries are counted by the client, not by the proxy
            refused = await client.post(
                "/session",
                json={"username": ADMIN.username, "password": "wrong"},
                headers={"x-forwarded-for": f"203.0.113.{number}"},
            )
            assert refused.status_code == 401

    entries = await registry.entries()
    lock = next(one for one in entries if one.action == "stack.lock")
    assert lock.address == "203.0.113.9"
    refusals = {one.address for one in entries if one.action == "login.fail"}
    assert refusals == {f"203.0.113.{number}" for number in range(12)}


async def test_what_several_mutations_of_one_request_did_is_told_apart(
    registry: Registry,
) -> None:
    await registry.ask(
        'mutation { stackLock(id: "net") { id } stackDisable(id: "net") { id }'
        ' stackUnlock(id: "net") { id } }'
    )

    entries = await registry.entries()
    assert [(one.action, one.mutation) for one in entries] == [
        ("stack.lock", "stackLock"),
        ("stack.disable", "stackDisable"),
        ("stack.unlock", "stackUnlock"),
    ]


async def test_no_secret_gets_into_the_trail(registry: Registry) -> None:
    config = {
        "id": "TOKEN",
        "type": "ENVIRONMENT_VARIABLE",
        "value": CANARY,
        "writeOnly": True,
    }
    await registry.ask(
        "mutation ($config: ConfigInput!)"
        ' { stackConfigAdd(stack: "net", config: $config) { id } }',
        config=config,
    )
    await registry.ask(
        "mutation ($input: AuditTrailWebhookInput!)"
        " { auditTrailSetWebhook(input: $input) { secret } }",
        input={
            "enabled": False,
            "endpoint": "https://hooks.example",
            "includeRuns": False,
            "secret": CANARY,
            "customHeaders": {"entries": [{"key": "X-Key", "value": CANARY}]},
        },
    )
    eve = "mutation ($id: ID!, $s: String!) { apiKeyUser(id: $id, secret: $s) { id } }"
    await registry.ask(eve, id="01KEY", s=CANARY)
    await registry.ask(
        'mutation { stackConfigAdd(stack: "net", config: {id: "A", writeOnly: true,'
        f' type: ENVIRONMENT_VARIABLE, value: "{CANARY}"}}) {{ id }} }}'
    )

    actions = await registry.actions()
    assert actions[:2] == ["stack_config.add", "audit_trail_webhook.disable"]
    text = await whole(registry)
    assert CANARY not in text
    assert CANARY.encode().hex() not in text
    [entry] = await registry.entries(text="disable")
    assert set(json.loads(entry.data)["args"]) == {
        "CustomHeaders",
        "Enabled",
        "Endpoint",
        "IncludeRuns",
        "SecretSHA",
    }


async def test_a_stranger_who_tries_to_change_something_is_written_down(
    registry: Registry,
) -> None:
    assert "no such stack" in await registry.refusal(LOCK, by=EVE, id="net")

    [entry] = await registry.entries()
    assert (entry.outcome, entry.action) == ("denied", "space.read")
    assert (entry.actor, entry.mutation) == ("eve", "stackLock")
    assert json.loads(entry.data)["args"]["ID"] == "net"


async def test_who_may_look_and_not_touch_is_written_down(registry: Registry) -> None:
    reader = replace(EVE, grants=(Grant(ROOT, "space-reader"),), bound=False)

    assert "unauthorized" in await registry.refusal(LOCK, by=reader, id="net")

    [entry] = await registry.entries()
    assert (entry.outcome, entry.action) == ("denied", "stack.lock")
    assert (entry.affected_kind, entry.affected_id) == ("SPACE", "root")
    assert (entry.space_id, entry.actor) == ("root", "eve")


async def test_who_only_looks_is_not_written_down(registry: Registry) -> None:
    data = await registry.ask('{ stack(id: "net") { id } stacks { id } }', by=EVE)
    assert data == {"stack": None, "stacks": []}
    assert await registry.ask('{ space(id: "root") { id } }', by=EVE) == {"space": None}
    await registry.refusal(SEARCH, by=EVE, input={})

    entries = await registry.entries()
    assert [entry.action for entry in entries] == ["space.admin"]  # the trail itself


async def test_a_refusal_that_was_got_over_is_not_written_down(
    registry: Registry,
) -> None:
    async with registry.unit() as unit:
        with pytest.raises(ForbiddenError):
            await unit.audit_webhooks.find(by=EVE)

    assert await registry.entries() == []


async def test_the_client_s_own_document_is_answered(registry: Registry) -> None:
    await registry.ask(LOCK, id="net")
    document = (
        OPERATIONS / "AudittrailListSearchAuditTrailEntries.graphql"
    ).read_text()
    run = Subject(SubjectKind.RUN, "net/01RUN", "net/01RUN", stack_id=StackId("net"))
    async with registry.unit() as unit:
        net = Resource(ResourceType.STACK, "net")
        await unit.trail.note("stack.update", net, by=run)
    order = {"field": "createdAt", "direction": "DESC"}

    data = await registry.ask(document, input={"first": 50, "orderBy": order})

    found = data["searchAuditTrailEntries"]
    newest, oldest = [edge["node"] for edge in found["edges"]]
    assert found["pageInfo"]["hasNextPage"] is False
    assert newest["actor"] == {
        "username": "net/01RUN",
        "run": {"id": "01RUN", "stackId": "net"},
    }
    assert oldest["actor"] == {"username": "Ada", "run": None}
    assert (oldest["action"], oldest["eventType"]) == ("stack.lock", "UPDATE")
    assert oldest["affectedResource"] == {"resourceType": "STACK", "resourceId": "net"}
    assert oldest["relatedResource"] is None
    assert oldest["createdAt"] == oldest["updatedAt"]
    body: dict[str, Any] = json.loads(oldest["body"])
    assert body["context"] == {"mutation": "stackLock"}
    assert body["outcome"] == "done"
