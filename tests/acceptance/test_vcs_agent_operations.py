"""What the provider sends about pools of VCS agents: a whole life of one."""

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from tests.support.edge import SITE, Edge
from tests.support.git_servers import a_connection, a_git_server
from tests.support.provider import Provider

from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.site import Reach
from stackyard.vcs import IntegrationKind


@pytest.fixture
async def edge(database: Database) -> Edge:
    edge = Edge(database)
    await edge.prepare()
    return edge


@pytest.fixture
async def provider(edge: Edge) -> Provider:
    return await Provider(edge).sign_in()


def opened(config: str) -> dict[str, str]:
    said: dict[str, str] = json.loads(base64.b64decode(config))
    return said


async def rows(provider: Provider) -> list[Any]:
    async with provider.edge.database.transaction() as session:
        found = await session.execute(text("SELECT * FROM vcs_agent_pools"))
        return list(found)


async def test_the_life_of_a_pool_of_agents(provider: Provider) -> None:
    new = await provider.data("VCSAgentPoolCreate", name="ops", description="d")
    shown = {"id": new["id"], "name": "ops", "description": "d", "config": None}
    assert len(new["id"]) == 26
    assert shown == new | {"config": None}
    assert await provider.data("VCSAgentPoolRead", id=new["id"]) == shown
    assert await provider.data("VCSAgentPoolsRead") == [shown]

    named = {"id": new["id"], "name": "net"}
    changed = await provider.data("VCSAgentPoolUpdate", description="e", **named)
    assert changed == shown | {"name": "net", "description": "e"}
    unset = await provider.data("VCSAgentPoolUpdate", description=None, **named)
    assert unset == changed | {"description": None}
    assert await provider.data("VCSAgentPoolDelete", id=new["id"]) == unset
    assert await provider.data("VCSAgentPoolRead", id=new["id"]) is None
    assert await provider.data("VCSAgentPoolDelete", id=new["id"]) is None


async def test_its_token_says_where_to_call_and_is_kept_as_a_sum_only(
    provider: Provider,
) -> None:
    new = await provider.data("VCSAgentPoolCreate", name="ops")
    said = opened(new["config"])
    assert said["host"] == f"{SITE.host_name}:443"
    assert said["pool_ulid"] == new["id"]
    [row] = await rows(provider)
    assert said["key"] not in str(row)
    assert row.key_hash == hashlib.sha256(said["key"].encode()).hexdigest()
    other = await provider.data("VCSAgentPoolCreate", name="net")
    assert opened(other["config"])["key"] != said["key"]


async def test_agents_call_where_the_operator_says(edge: Edge) -> None:
    elsewhere = replace(edge, reach=Reach(agents="agents.example:1984"))
    provider = await Provider(elsewhere).sign_in()
    new = await provider.data("VCSAgentPoolCreate", name="ops")
    assert opened(new["config"])["host"] == "agents.example:1984"


async def test_names_are_taken_once_and_have_no_slash(provider: Provider) -> None:
    await provider.data("VCSAgentPoolCreate", name="ops")
    taken = await provider.error("VCSAgentPoolCreate", name="ops")
    assert "exists already" in taken
    for name in ("", " ", "a/b", "a\nb", "a" * 257):
        refused = await provider.error("VCSAgentPoolCreate", name=name)
        assert "needs a name" in refused


async def test_a_pool_that_integrations_name_stays(provider: Provider) -> None:
    kind = IntegrationKind.GITLAB
    pool = await provider.data("VCSAgentPoolCreate", name="ops")
    beside = await provider.data("VCSAgentPoolCreate", name="op")
    async with provider.edge.unit() as unit:
        for name, host in (("Whole", "private://ops"), ("Part", "private://ops/git")):
            await unit.vcs_integrations.create(
                a_git_server(kind, name), a_connection(kind, api_host=host), by=SYSTEM
            )
    refused = await provider.error("VCSAgentPoolDelete", id=pool["id"])
    assert 'the pool of VCS agents "ops" is still used by part, whole' in refused
    gone = await provider.data("VCSAgentPoolDelete", id=beside["id"])
    assert gone["id"] == beside["id"]


async def test_only_administrators_of_the_account_change_pools(edge: Edge) -> None:
    pool = await (await Provider(edge).sign_in()).data("VCSAgentPoolCreate", name="ops")
    stranger = Provider(edge)
    stranger.headers = await edge.bearer(admin=False)
    assert await stranger.data("VCSAgentPoolRead", id=pool["id"]) is None
    assert await stranger.data("VCSAgentPoolsRead") == []
    for operation, said in (
        ("VCSAgentPoolCreate", {"name": "x"}),
        ("VCSAgentPoolUpdate", {"id": pool["id"], "name": "x"}),
        ("VCSAgentPoolDelete", {"id": pool["id"]}),
    ):
        assert "unauthorized" in await stranger.error(operation, **said)
