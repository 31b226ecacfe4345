"""Filters, defaults, addresses and versions, by the clients' own documents."""

import json
from typing import Any

import pytest
from tests.support.edge import SITE, Edge
from tests.support.provider import OPERATIONS, Provider

from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.search import Search
from stackyard.kernel.site import Reach

NOWHERE = "01GBASTWAEPJ1HDMXDMWTRC8DN"
FILTER: dict[str, Any] = {
    "name": "Broken",
    "data": '{"key":"activeFilters","value":"{}"}',
    "type": "stacks",
    "isPublic": True,
}
REACH = Reach(("192.0.2.7", "2001:db8::7"), "123456789012", "https://in.example/hooks")


@pytest.fixture
async def edge(database: Database) -> Edge:
    edge = Edge(database, reach=REACH)
    await edge.prepare()
    return edge


@pytest.fixture
async def provider(edge: Edge) -> Provider:
    return await client(edge)


async def client(edge: Edge, *, admin: bool = True) -> Provider:
    made = Provider(edge)
    made.headers = await edge.bearer(admin=admin)
    return made


async def test_the_life_of_a_saved_filter(provider: Provider) -> None:
    made = await provider.data("SavedFilterCreate", input=FILTER)
    assert {name: made[name] for name in FILTER} == FILTER
    assert made["createdBy"] == "ci"
    for read in ("SavedFilter", "SavedFilter__2"):
        assert await provider.data(read, id=made["id"]) == made

    said = {"name": "Locked", "data": "[]", "isPublic": False}
    changed = await provider.data("SavedFilterUpdate", id=made["id"], **said)
    assert changed == made | said
    assert await provider.data("SavedFilterDelete", id=made["id"]) == changed
    assert await provider.data("SavedFilterDelete", id=made["id"]) is None
    assert await provider.data("SavedFilter", id=made["id"]) is None


async def test_filters_are_listed_by_type(provider: Provider) -> None:
    made = [
        await provider.data("SavedFilterCreate", input=FILTER | {"type": kind})
        for kind in ("stacks", "blueprints", "contexts", "webhooks")
    ]

    assert await provider.data("SavedFilters") == made
    assert await provider.data("SavedFilters", type=None) == made
    assert await provider.data("SavedFilters", type="") == made
    assert await provider.data("SavedFilters", type="contexts") == [made[2]]
    assert await provider.data("SavedFilters__2", type="webhooks") == [made[3]]


async def test_what_is_wrong_with_a_filter_is_said(provider: Provider) -> None:
    async def said(**wrong: Any) -> str:
        return await provider.error("SavedFilterCreate", input=FILTER | wrong)

    four = "stacks, blueprints, contexts, webhooks"
    assert four in await said(type="modules")
    assert four in await provider.error("SavedFilters", type="modules")
    assert "must be JSON" in await said(data="{")
    assert "1 to 200 characters" in await said(name="")
    change = {"name": "x", "data": "{}", "isPublic": True}
    gone = await provider.error("SavedFilterUpdate", id=NOWHERE, **change)
    assert "no such saved filter" in gone
    assert await provider.data("SavedFilters") == []


async def test_others_see_what_is_public_and_change_nothing(
    provider: Provider, edge: Edge
) -> None:
    other = await client(edge, admin=False)
    shown = await provider.data("SavedFilterCreate", input=FILTER)
    hidden = await provider.data(
        "SavedFilterCreate", input=FILTER | {"isPublic": False}
    )

    assert await other.data("SavedFilters") == [shown]
    assert await other.data("SavedFilter", id=hidden["id"]) is None
    assert "unauthorized" in await other.error("SavedFilterDelete", id=shown["id"])
    assert await other.data("SavedFilterDelete", id=hidden["id"]) is None
    nobody = Provider(edge)
    assert "unauthorized" in await nobody.error("SavedFilters")
    assert await provider.data("SavedFilters") == [shown, hidden]


async def test_the_default_runner_images_are_set_and_unset(
    provider: Provider, edge: Edge
) -> None:
    async def defaults(who: Provider) -> dict[str, str | None]:
        return dict((await who.answer("DefaultRunnerImage"))["data"])

    none = dict.fromkeys(
        ("defaultPublicWorkerPoolRunnerImage", "defaultPrivateWorkerPoolRunnerImage")
    )
    assert await defaults(provider) == none
    said = {
        "privateWorkerPoolRunnerImage": "registry.example:5000/a/b:1.2@sha256:c0ffee",
        "publicWorkerPoolRunnerImage": "alpine",
    }
    made = await provider.data("AccountUpdateDefaultRunnerImage", **said)
    assert made == said
    other = await client(edge, admin=False)
    assert await defaults(other) == {
        "defaultPublicWorkerPoolRunnerImage": "alpine",
        "defaultPrivateWorkerPoolRunnerImage": said["privateWorkerPoolRunnerImage"],
    }
    refused = await other.error("AccountUpdateDefaultRunnerImage", **said)
    assert "unauthorized" in refused
    for wrong in ("a b", "-x", "a\n", "x" * 513):
        wanted = said | {"publicWorkerPoolRunnerImage": wrong}
        told = await provider.error("AccountUpdateDefaultRunnerImage", **wanted)
        assert "must be named like" in told
    empty = dict.fromkeys(said, "")
    unset = await provider.data("AccountUpdateDefaultRunnerImage", **empty)
    assert unset == dict.fromkeys(said)
    assert await defaults(provider) == none

    await provider.data("AccountUpdateDefaultRunnerImage", **said)
    nothing = "mutation { accountUpdateDefaultWorkerPoolRunnerImages { __typename } }"
    async with edge.client() as sender:
        body = {"query": nothing}
        await sender.post("/graphql", json=body, headers=provider.headers)
    assert await defaults(provider) == none


async def test_who_set_the_default_images_is_in_the_trail(
    provider: Provider, edge: Edge
) -> None:
    said = dict.fromkeys(
        ("privateWorkerPoolRunnerImage", "publicWorkerPoolRunnerImage"), "alpine"
    )
    await provider.data("AccountUpdateDefaultRunnerImage", **said)

    async with edge.unit() as unit:
        page = await unit.audit.search(Search(first=1), by=SYSTEM)
    [noted] = page.items
    assert noted.action == "account.set_runner_images"
    assert noted.mutation == "accountUpdateDefaultWorkerPoolRunnerImages"
    assert noted.affected_kind == "ACCOUNT"


async def test_the_operator_says_how_we_reach_others_and_they_us(
    provider: Provider,
) -> None:
    assert await provider.data("ReadIPs") == ["192.0.2.7", "2001:db8::7"]
    hooks = await provider.data("GitlabWebhookEndpointRead")
    assert hooks == "https://in.example/hooks/gitlab"
    said = (await provider.answer("AccountDetails"))["data"]
    assert said == {
        "name": "acme",
        "tier": "SELF_HOSTED",
        "spaceliftAwsAccountId": "123456789012",
    }


async def test_what_no_operator_said_is_still_something(database: Database) -> None:
    edge = Edge(database)
    await edge.prepare()
    provider = await client(edge)

    assert await provider.data("ReadIPs") == []
    hooks = await provider.data("GitlabWebhookEndpointRead")
    assert hooks == f"{SITE.base_url}/webhooks/gitlab"
    said = (await provider.answer("AccountDetails"))["data"]
    assert said["spaceliftAwsAccountId"] == "000000000000"


async def test_the_versions_of_tools_are_listed_the_newest_first(
    provider: Provider,
) -> None:
    for tool, some in (
        ("Terraform", {"1.5.7", "1.5.0", "0.12.0"}),
        ("OpenTofu", {"1.6.0", "1.9.4"}),
        ("Terragrunt", {"0.45.0", "0.69.5", "0.93.11"}),
        ("Kubectl", {"1.30.0"}),
    ):
        listed = await provider.data(f"Read{tool}Versions")
        assert some <= set(listed)
        parts = [tuple(map(int, one.split("."))) for one in listed]
        assert parts == sorted(set(parts), reverse=True)
    assert (await provider.data("ReadTerraformVersions"))[0] == "1.5.7"
    assert (await provider.data("ReadOpenTofuVersions"))[-1] == "1.6.0"


async def test_nothing_waits_in_the_public_pool(provider: Provider) -> None:
    document = "DataWorkerpoolsGetPublicPoolRuns.graphql"
    name = OPERATIONS.parent / "spacectl" / document
    async with provider.edge.client() as sender:
        said = await sender.post(
            "/graphql",
            json={
                "query": name.read_text(),
                "variables": {"input": {"first": 100, "orderBy": None}},
            },
            headers=provider.headers,
        )
        exporter = "{ publicWorkerPool { parallelism busyWorkers pendingRuns } }"
        counted = await sender.post(
            "/graphql", json={"query": exporter}, headers=provider.headers
        )

    empty = {"endCursor": None, "hasNextPage": False, "hasPreviousPage": False}
    found = json.loads(said.text)["data"]["publicWorkerPool"]
    assert found == {"searchSchedulableRuns": {"edges": [], "pageInfo": empty}}
    zeros = {"parallelism": 0, "busyWorkers": 0, "pendingRuns": 0}
    assert counted.json()["data"]["publicWorkerPool"] == zeros
