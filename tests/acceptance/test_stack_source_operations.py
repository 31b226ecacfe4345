"""By which link to a git server a stack has its code, and what that forbids."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import pytest
from tests.support.edge import NOTHING, SITE, Edge
from tests.support.git_servers import a_connection, a_git_server
from tests.support.provider import Provider

from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import LEGACY, ROOT, RunId, SpaceId, StackId
from stackyard.reactions.dispatch import advance_queued
from stackyard.reactions.tools import Tools
from stackyard.runs import RunQueued, RunState
from stackyard.spaces import SpaceSpec
from stackyard.vcs import IntegrationKind

STACK: Final[Mapping[str, Any]] = {
    "administrative": False,
    "autodeploy": False,
    "autoretry": False,
    "branch": "main",
    "githubActionDeploy": True,
    "localPreviewEnabled": False,
    "enableWellKnownSecretMasking": False,
    "enableSensitiveOutputUpload": True,
    "name": "Net",
    "namespace": "ops",
    "protectFromDeletion": False,
    "repository": "infra",
    "space": "legacy",
    "vendorConfig": {"terraform": {"version": None, "workspace": None}},
}


@pytest.fixture
async def edge(database: Database) -> Edge:
    edge = Edge(database)
    await edge.prepare()
    return edge


@pytest.fixture
async def provider(edge: Edge) -> Provider:
    return await Provider(edge).sign_in()


async def link(
    edge: Edge,
    name: str,
    where: SpaceId = LEGACY,
    kind: IntegrationKind = IntegrationKind.GITLAB,
    *,
    is_default: bool = False,
) -> None:
    async with edge.unit() as unit:
        await unit.vcs_integrations.create(
            a_git_server(kind, name, where, is_default=is_default),
            a_connection(kind),
            by=SYSTEM,
        )


async def space(edge: Edge, name: str, *, inherits: bool = False) -> SpaceId:
    async with edge.unit() as unit:
        wanted = SpaceSpec(name, parent=ROOT, inherits=inherits)
        return (await unit.spaces.create(wanted, by=SYSTEM)).id


def by(provider: str, integration: str | None = None, **given: Any) -> dict[str, Any]:
    source = {"provider": provider, "vcsIntegrationId": integration}
    return dict(STACK) | source | given


async def create(provider: Provider, said: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = await provider.data(
        "StackCreate", input=said, manageState=True
    )
    return made


async def move(edge: Edge, name: str, where: SpaceId) -> None:
    kind = IntegrationKind.GITLAB
    async with edge.unit() as unit:
        await unit.vcs_integrations.update(
            kind, name, None, a_connection(kind), space_id=where, by=SYSTEM
        )


async def test_a_stack_shows_the_integration_of_its_space(provider: Provider) -> None:
    for kind in IntegrationKind:
        await link(provider.edge, "Ours", kind=kind)
        made = await create(provider, by(kind, "ours", name=kind))
        assert made["vcsIntegration"] == {"id": "ours", "isDefault": False}
        assert made["provider"] == kind


async def test_a_stack_that_names_none_has_the_accounts_default(
    provider: Provider,
) -> None:
    for kind in IntegrationKind:
        made = await create(provider, by(kind, name=kind))
        assert made["vcsIntegration"] is None  # there is none yet
        await link(provider.edge, "Main", ROOT, kind, is_default=True)
        for named in (None, "main"):  # the provider sends what it was told
            changed = await provider.data(
                "StackUpdate", id=made["id"], input=by(kind, named)
            )
            assert changed["vcsIntegration"] == {"id": "main", "isDefault": True}


async def test_there_is_none_for_raw_git_showcases_and_default_github(
    provider: Provider,
) -> None:
    await link(provider.edge, "Ours")
    await create(provider, by("GITLAB", "ours"))
    for where in ("GIT", "SHOWCASE", "GITHUB"):
        url = "https://git.example/infra.git" if where == "GIT" else None
        said = by(where, repositoryURL=url)
        changed = await provider.data("StackUpdate", id="net", input=said)
        assert (changed["vcsIntegration"], changed["provider"]) == (None, where)


@pytest.mark.parametrize(
    ("named", "where"),
    [
        ("missing", "legacy"),
        ("of-github", "legacy"),  # of another provider
        ("above", "island"),  # the island does not inherit
        ("beside", "legacy"),
    ],
)
async def test_an_integration_is_used_in_its_space_and_where_that_is_inherited(
    provider: Provider, named: str, where: str
) -> None:
    edge = provider.edge
    beside, island = await space(edge, "Beside"), await space(edge, "Island")
    await link(edge, "Above", ROOT)
    await link(edge, "Beside", beside)
    await link(edge, "Of GitHub", kind=IntegrationKind.GITHUB_ENTERPRISE)
    home = island if where == "island" else where
    said = {"input": by("GITLAB", named, space=home), "manageState": True}
    refused = await provider.error("StackCreate", **said)
    assert "no such VCS integration" in refused or "cannot be reached" in refused
    inherited = await create(provider, by("GITLAB", "above"))  # legacy inherits
    assert inherited["vcsIntegration"] == {"id": "above", "isDefault": False}


async def test_naming_an_integration_tells_nobody_that_it_exists(
    provider: Provider,
) -> None:
    edge = provider.edge
    await link(edge, "Secret Plan", await space(edge, "Beside"))
    admin = await Provider(edge).sign_in_with("space-admin", LEGACY)
    texts = {
        await admin.error("StackCreate", input=by("GITLAB", name), manageState=True)
        for name in ("secret-plan", "missing")
    }
    assert len(texts) == 1


async def test_an_integration_in_use_is_deleted_as_soon_as_nobody_uses_it(
    provider: Provider,
) -> None:
    edge = provider.edge
    await link(edge, "Ours")
    await link(edge, "Main", ROOT, is_default=True)
    await create(provider, by("GITLAB", "ours"))
    await create(provider, by("GITLAB", name="Web"))
    for name, stack in (("ours", "net"), ("main", "web")):
        refused = await provider.error("GitLabIntegrationDelete", id=name)
        assert f'the VCS integration "{name}" is still used by stack "{stack}"' in (
            refused
        )
    async with edge.unit() as unit:
        for stack in ("net", "web"):
            await unit.stacks.purge(StackId(stack), by=SYSTEM)
    for name in ("ours", "main"):
        gone = await provider.data("GitLabIntegrationDelete", id=name)
        assert gone["id"] == name


async def test_a_module_has_its_code_by_an_integration_as_well(
    provider: Provider,
) -> None:
    await link(provider.edge, "Ours")
    source = {"provider": "GITLAB", "namespace": "ops", "vcsIntegrationId": "ours"}
    update = {"branch": "main", "administrative": False, "labels": []}
    update |= {"localPreviewEnabled": False, "protectFromDeletion": False}
    said = source | {"name": "net", "repository": "infra", "updateInput": update}
    made = await provider.data("ModuleCreate", input=said)
    assert made["vcsIntegration"] == {"id": "ours", "isDefault": False}
    refused = await provider.error("GitLabIntegrationDelete", id="ours")
    assert f'still used by module "{made["id"]}"' in refused
    await provider.data("ModuleDelete", id=made["id"])
    assert (await provider.data("GitLabIntegrationDelete", id="ours"))["id"] == "ours"


async def test_neither_end_moves_where_the_other_is_out_of_reach(
    provider: Provider,
) -> None:
    edge = provider.edge
    island = await space(edge, "Island")
    await link(edge, "Ours")
    await create(provider, by("GITLAB", "ours"))
    with pytest.raises(Exception, match='could not be reached any more: stack "net"'):
        await move(edge, "ours", island)
    said = by("GITLAB", "ours", space=island)
    refused = await provider.error("StackUpdate", id="net", input=said)
    assert 'stack "net": VCS integration "Ours"' in refused
    await move(edge, "ours", ROOT)  # legacy inherits from it
    read = await provider.data("GitLabIntegrationRead", id="ours")
    assert read["space"] == {"id": "root"}


@pytest.mark.parametrize(
    ("kind", "integration"), [("GITLAB", "ours"), ("GITHUB", None)]
)
async def test_creating_a_run_does_not_need_the_vcs(
    provider: Provider, kind: str, integration: str | None
) -> None:
    """It stays queued: what its code needs may come before somebody who runs it."""
    edge = provider.edge
    await link(edge, "Ours")
    await create(provider, by(kind, integration))
    run = await provider.data("RunTrigger", stack="net", runType="TRACKED")
    tools = Tools(
        edge.unit,
        *(NOTHING,) * 7,
        clock=edge.clock,
        site=SITE,
        worker_lease=timedelta(seconds=20),
        audit_retention=timedelta(days=30),
        queue_vacuum=NOTHING,
    )
    queued = RunQueued(
        stack_id=StackId("net"), run_id=RunId(run["id"]), at=edge.clock()
    )
    await advance_queued(tools, queued)
    async with edge.unit() as unit:
        [found] = await unit.runs.some([RunId(run["id"])], by=SYSTEM)
        assert found.state is RunState.QUEUED


async def test_the_life_of_a_repository(provider: Provider) -> None:
    said = {
        "spaceID": "root",
        "name": "Our Code",
        "description": "d",
        "labels": ["b", "a"],
        "vcsChecks": "ALL",
    }
    new = await provider.data("RepoCreate", input=said)
    shown = {key: said[key] for key in ("name", "description", "labels", "vcsChecks")}
    place = {"id": "our-code", "space": {"id": "root"}, "stacks": []}
    assert shown.items() <= new.items()
    assert place.items() <= new.items()
    assert await provider.data("RepoRead", id="our-code") == new
    for one in ("Net", "Web"):
        made = await create(provider, by("SPACELIFT", "our-code", name=one))
        assert made["vcsIntegration"] == {"id": "our-code", "isDefault": False}
    read = await provider.data("RepoRead", id="our-code")
    assert read == new | {"stacks": ["net", "web"]}
    [edge] = (await provider.data("ReposPage", spaceID="root", first=50))["edges"]
    assert edge["node"] == read

    unset = dict.fromkeys(("description", "labels", "vcsChecks"))
    changed = await provider.data(
        "RepoUpdate", id="our-code", input={"name": "Renamed"} | unset
    )
    assert changed == read | {
        "name": "Renamed",
        "description": None,
        "labels": [],
        "vcsChecks": "INDIVIDUAL",
        "updatedAt": changed["updatedAt"],
    }
    assert "used by stacks" in await provider.error("RepoDelete", id="our-code")
    moved = await provider.data("StackUpdate", id="net", input=by("GITHUB"))
    assert moved["vcsIntegration"] is None  # moving off it clears
    async with provider.edge.unit() as unit:
        await unit.stacks.purge(StackId("web"), by=SYSTEM)
    assert await provider.data("RepoDelete", id="our-code") is True
    assert await provider.data("RepoRead", id="our-code") is None
    assert await provider.data("RepoDelete", id="our-code") is True
