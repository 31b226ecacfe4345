"""What the provider and spacectl send about contexts: a whole life of one.

`tests/operations` holds the clients' texts. They are never edited.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from tests.support.edge import Edge
from tests.support.provider import Provider
from tests.support.stacks import a_spec

from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.config import ConfigInput, ConfigType
from stackyard.kernel.ids import StackId

SPACECTL: Final = Path(__file__).parents[1] / "operations" / "spacectl"
CANARY: Final = "canary-5ecre7"
NO_HOOKS: Final[Mapping[str, list[str]]] = {
    f"{when}{phase}": []
    for when in ("before", "after")
    for phase in ("Init", "Plan", "Apply", "Perform", "Destroy")
} | {"afterRun": []}


@pytest.fixture
async def edge(database: Database) -> Edge:
    edge = Edge(database)
    await edge.prepare()
    async with edge.unit() as unit:
        await unit.stacks.create(a_spec(name="Net", labels=("net",)), by=SYSTEM)
    return edge


@pytest.fixture
async def provider(edge: Edge) -> Provider:
    return await Provider(edge).sign_in()


def a_context(**given: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {"name": "Our Net", "description": None, "labels": []}
    return usual | {"hooks": NO_HOOKS} | given


async def spacectl(provider: Provider, operation: str, **variables: Any) -> Any:
    async with provider.edge.client() as client:
        answer = await client.post(
            "/graphql",
            json={
                "query": (SPACECTL / f"{operation}.graphql").read_text(),
                "variables": variables,
            },
            headers=provider.headers,
        )
    said = answer.json()
    assert "errors" not in said, said
    (value,) = said["data"].values()
    return value


async def test_the_life_of_a_context(provider: Provider) -> None:
    hooks = {**NO_HOOKS, "beforePlan": ["echo one", "echo two"], "afterRun": ["true"]}
    said = a_context(description="d", labels=["b", "a"], hooks=hooks)
    made = await provider.data("ContextCreate", input=said)
    assert made == said | {"id": "our-net", "space": "legacy"}
    assert await provider.data("ContextRead", id="our-net") == made
    assert await provider.data("ContextsRead") == [made]

    changed = a_context(name="Other", labels=None, space="root")
    updated = await provider.data("ContextUpdate", id="our-net", input=changed)
    assert updated == changed | {"id": "our-net", "labels": []}

    again = await provider.error("ContextCreate", input=a_context())
    assert "context with this slug already exists for this account" in again
    assert (await provider.data("ContextDelete", id="our-net"))["id"] == "our-net"
    assert await provider.data("ContextRead", id="our-net") is None
    assert await provider.data("ContextDelete", id="our-net") is None


async def test_the_life_of_an_attachment(provider: Provider) -> None:
    await provider.data("ContextCreate", input=a_context())
    made = await provider.data(
        "ContextAttachmentCreate", id="our-net", stack="net", priority=2
    )
    assert (made["stackId"], made["isModule"], made["priority"]) == ("net", False, 2)
    for operation, named in (
        ("ContextAttachmentRead", {"id": "net"}),
        ("ContextAttachmentFetch", {"project": "net"}),
    ):
        read = await provider.data(operation, context="our-net", **named)
        assert read == {"attachedStack": made}

    gone = await provider.data("ContextAttachmentDelete", id=made["id"])
    assert gone == made
    read = await provider.data("ContextAttachmentRead", context="our-net", id="net")
    assert read == {"attachedStack": None}


async def test_what_attached_itself_is_nothing_that_the_provider_made(
    provider: Provider,
) -> None:
    await provider.data("ContextCreate", input=a_context(labels=["autoattach:net"]))
    read = await provider.data("ContextAttachmentRead", context="our-net", id="net")
    assert read == {"attachedStack": None}


@pytest.mark.parametrize("secret", [True, False])
async def test_the_life_of_a_variable(provider: Provider, *, secret: bool) -> None:
    await provider.data("ContextCreate", input=a_context())
    config = {
        "id": "TOKEN",
        "type": "ENVIRONMENT_VARIABLE",
        "value": CANARY,
        "writeOnly": secret,
        "description": "",
    }
    made = await provider.data(
        "EnvironmentVariableCreateContext", context="our-net", config=config
    )
    assert made["value"] == (None if secret else CANARY)
    assert made["checksum"] == hashlib.sha256(CANARY.encode()).hexdigest()
    named = {"context": "our-net", "id": "TOKEN"}
    read = await provider.data("EnvironmentVariableReadContext", **named)
    assert read == {"configElement": made}
    assert await provider.data("EnvironmentVariableDeleteContext", **named) == made
    read = await provider.data("EnvironmentVariableReadContext", **named)
    assert read == {"configElement": None}


async def test_spacectl_finds_a_context_and_who_has_it(provider: Provider) -> None:
    await provider.data("ContextCreate", input=a_context(labels=["autoattach:net"]))
    found = await spacectl(
        provider, "ContextMcpSearchContexts", input={"fullTextSearch": "net"}
    )
    [edge] = found["edges"]
    assert edge["node"]["hasAttachedStacks"] is True
    assert edge["node"]["spaceDetails"]["id"] == "legacy"
    shown = await spacectl(
        provider, "ContextMcpRegisterGetContextTool", contextId="our-net"
    )
    assert shown["attachedStacks"] == [
        {"stackId": "net", "stackName": "Net", "isAutoattached": True, "priority": 0}
    ]


async def test_spacectl_lists_what_runs_are_given_and_by_which_context(
    provider: Provider,
) -> None:
    await provider.data("ContextCreate", input=a_context())
    for name, value in (("A", "theirs"), ("B", CANARY)):
        config = {"id": name, "type": "ENVIRONMENT_VARIABLE", "value": value}
        await provider.data(
            "EnvironmentVariableCreateContext",
            context="our-net",
            config=config | {"writeOnly": name == "B"},
        )
    attachment = {"id": "our-net", "stack": "net", "priority": 0}
    await provider.data("ContextAttachmentCreate", **attachment)
    own = ConfigInput("A", ConfigType.ENVIRONMENT_VARIABLE, "own", False)
    async with provider.edge.unit() as unit:
        await unit.stack_config.add(StackId("net"), own, by=SYSTEM)

    shown = await spacectl(provider, "StackEnvironmentListEnv", stack="net")

    given = {
        one["element"]["id"]: (one["element"]["value"], one["context"])
        for one in shown["runtimeConfig"]
        if not one["element"]["runtime"]
    }
    assert given["A"] == ("own", None)
    value, context = given["B"]
    assert (value, context["contextName"]) == (None, "Our Net")
    [attached] = shown["attachedContexts"]
    assert [one["id"] for one in attached["config"]] == ["A", "B"]
    assert (attached["contextId"], attached["isAutoattached"]) == ("our-net", False)
    assert CANARY not in str(shown)


async def test_a_client_that_sends_all_elements_at_once_has_them_all(
    provider: Provider,
) -> None:
    config = {"type": "ENVIRONMENT_VARIABLE", "value": "x", "writeOnly": False}
    both = [config | {"id": "A"}, config | {"id": "B"}]
    await provider.data("ContextCreate", input=a_context(configAttachments=both))
    named = {"context": "our-net"}
    await provider.data("ContextUpdate", id="our-net", input=a_context())
    kept = await provider.data("EnvironmentVariableReadContext", id="A", **named)
    assert kept["configElement"]["id"] == "A"

    less = a_context(configAttachments=both[1:])
    await provider.data("ContextUpdate", id="our-net", input=less)
    gone = await provider.data("EnvironmentVariableReadContext", id="A", **named)
    assert gone == {"configElement": None}


async def test_a_context_without_a_space_keeps_the_one_it_has(
    provider: Provider,
) -> None:
    await provider.data("ContextCreate", input=a_context(space="root"))
    kept = await provider.data("ContextUpdate", id="our-net", input=a_context())
    assert kept["space"] == "root"


async def test_the_priority_of_an_attachment_is_zero_if_it_is_not_said(
    provider: Provider,
) -> None:
    await provider.data("ContextCreate", input=a_context())
    query = 'mutation { contextAttach(id: "our-net", stack: "net") { priority } }'
    async with provider.edge.client() as client:
        answer = await client.post(
            "/graphql", json={"query": query}, headers=provider.headers
        )
    assert answer.json() == {"data": {"contextAttach": {"priority": 0}}}
