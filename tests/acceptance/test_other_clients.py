"""What smaller clients send: Backstage, the Python client, Spaceforge, the guides.

`tests/operations` holds the clients' texts. They are never edited.
"""

from typing import Any

import pytest
from tests.support.documents import CLIENTS
from tests.support.edge import Edge
from tests.support.provider import Provider
from tests.support.stacks import a_spec

from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.actions import Action

NOWHERE = "01GBASTWAEPJ1HDMXDMWTRC8DN"


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


@pytest.mark.parametrize(
    ("folder", "operation", "key", "secret"),
    [
        ("backstage", "GetSpaceliftToken", "apiKey", "apiSecret"),
        ("docs", "ApiKeyUser", "keyId", "keySecret"),
        ("pyclient", "GetSpaceliftToken", "keyId", "keySecret"),
        ("spaceforge", "RequestApiKey", "id", "secret"),
    ],
)
async def test_every_client_gets_a_token_for_its_key(
    edge: Edge, folder: str, operation: str, key: str, secret: str
) -> None:
    made, its_secret = await edge.key()
    client = Provider(edge, CLIENTS / folder)
    given = {key: made.id, secret: its_secret}

    user = await client.data(operation, **given)

    assert user["jwt"].count(".") == 2
    assert user.get("id", made.id) == made.id
    refused = await client.answer(operation, **given | {secret: "wrong"})
    assert (refused.get("data") or {}).get("apiKeyUser") is None


async def test_backstage_lists_stacks_and_triggers_one(provider: Provider) -> None:
    backstage = provider.beside("backstage")

    [stack] = await backstage.data("GetStacks")  # `GetStacks ()`, as it is sent
    run = await backstage.data("TriggerRun", stackId="net")

    assert stack == {
        "id": "net",
        "name": "Net",
        "description": stack["description"],
        "labels": ["net"],
        "state": "NONE",
        "branch": "main",
        "spaceDetails": {"id": "legacy", "name": "legacy"},
    }
    assert run["state"] == "QUEUED"


async def test_the_guide_s_first_query_works(provider: Provider) -> None:
    [stack] = await provider.beside("docs").data("StacksQuickstart")

    assert (stack["id"], stack["name"]) == ("net", "Net")
    assert stack["createdAt"] > 0


async def test_the_life_of_a_context_in_python(provider: Provider) -> None:
    client = provider.beside("pyclient")
    variable = {"id": "REGION", "value": "eu", "writeOnly": False}
    secret = {"id": "TOKEN", "value": "canary", "writeOnly": True}
    of_type = {"type": "ENVIRONMENT_VARIABLE"}
    wanted: dict[str, Any] = {
        "name": "Our Net",
        "envvars": [variable | of_type, secret | of_type],
        "space": "root",
        "description": "d",
        "labels": ["a"],
    }

    made = await client.data("ContextCreateV2", **wanted)

    shown = [{"id": "REGION", "value": "eu"}, {"id": "TOKEN", "value": None}]
    assert made == {"id": "our-net", "name": "Our Net", "config": shown}
    name = {"id": "our-net", "name": "Our Net"}
    assert await client.data("Context", id="our-net") == name
    assert await client.data("Contexts") == [name]
    assert await client.data("ContextsWithConfig") == [
        name | {"config": [variable, secret | {"value": None}]}
    ]
    read = await provider.data("ContextRead", id="our-net")
    told = (read["space"], read["description"], read["labels"])
    assert told == ("root", "d", ["a"])
    taken = await client.error("ContextCreateV2", **wanted)
    assert "context with this slug already exists for this account" in taken
    assert await client.data("ContextDelete", id="our-net") == {"id": "our-net"}
    assert await client.data("Context", id="our-net") is None


async def test_the_life_of_a_space_in_python(provider: Provider) -> None:
    client = provider.beside("pyclient")

    made = await client.data(
        "SpaceCreate",
        name="Payments",
        parent="root",
        description="money",
        labels=["a"],
        inheritEntities=True,
    )

    assert made["id"].startswith("payments-")
    assert (made["description"], made["labels"]) == ("money", ["a"])
    name = {"id": made["id"], "name": "Payments"}
    assert await client.data("Space", id=made["id"]) == name
    assert name in await client.data("Spaces")
    read = await provider.data("SpaceRead", id=made["id"])
    assert (read["parentSpace"], read["inheritEntities"]) == ("root", True)
    assert await client.data("SpaceDelete", id=made["id"]) == {"id": made["id"]}
    assert await client.data("Space", id=made["id"]) is None


async def test_stacks_in_python(provider: Provider) -> None:
    client = provider.beside("pyclient")
    stack = {"id": "net", "space": "legacy"}

    assert await client.data("Stack", id="net") == stack
    assert await client.data("Stacks") == [stack]
    run = await client.data("RunTrigger", stack="net")
    assert run["branch"] == "main"
    assert await client.data("DeleteStack", id="net") == {"id": "net"}


async def test_spacectl_s_tools_read_the_schema(provider: Provider) -> None:
    spacectl = provider.beside("spacectl")

    dump = await spacectl.data("ApiSchemaDump")
    whole = await spacectl.data("GraphqlMcpRegisterIntrospectSchemaTool")
    fields = await spacectl.data("GraphqlMcpRegisterSearchSchemaFieldsTool")
    stack = await spacectl.data("GraphqlMcpRegisterGetTypeDetailsTool", name="Stack")

    named = {one["name"] for one in dump["types"]}
    for schema in (whole, fields):
        assert {one["name"] for one in schema["types"]} == named
        assert {"stack", "stacks"} <= {
            field["name"] for field in schema["queryType"]["fields"]
        }
    assert {"id", "name", "state"} <= {field["name"] for field in stack["fields"]}


async def test_introspection_of_enum_action_is_on_for_keys(provider: Provider) -> None:
    for outdated in (True, False):
        schema = await provider.data("Introspection", includeDeprecated=outdated)
        [action] = [one for one in schema["types"] if one["name"] == "Action"]
        assert {one["name"] for one in action["enumValues"]} == set(Action)


async def test_spacectl_s_tools_read_keys(provider: Provider) -> None:
    spacectl = provider.beside("spacectl")

    [key] = await spacectl.data("ApikeyMcpRegisterListAPIKeysTool")
    same = await spacectl.data("ApikeyMcpRegisterGetAPIKeyTool", id=key["id"])

    assert (key["name"], key["admin"], key["deleted"]) == ("ci", True, False)
    assert {name: same[name] for name in key} == key
    assert same["accessRules"] == [{"space": "root", "spaceAccessLevel": "ADMIN"}]


async def test_spacectl_s_tools_read_spaces(provider: Provider) -> None:
    spacectl = provider.beside("spacectl")

    spaces = await spacectl.data("SpaceMcpRegisterListSpacesTool")
    root = await spacectl.data("SpaceMcpRegisterGetSpaceTool", spaceId="root")

    assert {one["id"] for one in spaces} == {"root", "legacy"}
    assert root in spaces
    assert (root["parentSpace"], root["accessLevel"]) == (None, "ADMIN")
    missing = await spacectl.data("SpaceMcpRegisterGetSpaceTool", spaceId=NOWHERE)
    assert missing is None


async def test_the_security_email_is_set_and_unset(provider: Provider) -> None:
    for address in ("sec@example.com", ""):
        said = await provider.data("AccountUpdateSecurityEmail__2", email=address)
        assert said == address
