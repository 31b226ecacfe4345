"""What the provider sends about links to git servers: a whole life of each kind.

`tests/operations` holds the client's texts. They are never edited.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import pytest
from sqlalchemy import text
from tests.support.edge import SITE, Edge
from tests.support.git_servers import PEM, a_connection, a_git_server
from tests.support.provider import Provider

from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import ROOT, SpaceId
from stackyard.spaces import SpaceSpec
from stackyard.vcs import IntegrationKind

CANARY: Final = "canary-70k3n"
HOST: Final = "https://git.example/"
HOSTS: Final = {"apiHost": HOST, "userFacingHost": "https://git.example/view"}
OTHER_HOSTS: Final = {"apiHost": "private://ops/git", "userFacingHost": HOST}
GENERATED: Final = {"webhookSecret", "webhookPassword", "webhookUrl", "webhookURL"}


@dataclass(frozen=True)
class Client:
    """How the provider makes, reads, changes and deletes one kind."""

    kind: IntegrationKind
    create: str
    update: str
    delete: str
    reads: tuple[str, ...]
    token: tuple[str, str]  # what it is called in the two mutations
    own: dict[str, Any]  # what this kind has
    changed: dict[str, Any]
    unset: dict[str, Any]
    clones: bool

    def called(self, *, updating: bool = False, token: Any = CANARY) -> dict[str, Any]:
        return {self.token[updating]: token}


GITLAB: Final = Client(
    IntegrationKind.GITLAB,
    "GitLabIntegrationCreate",
    "GitLabIntegrationUpdate",
    "GitLabIntegrationDelete",
    ("GitLabIntegrationRead", "GitlabIntegrationRead"),
    ("token", "privateToken"),
    HOSTS,
    OTHER_HOSTS,
    {},
    clones=True,
)
AZURE: Final = Client(
    IntegrationKind.AZURE_DEVOPS,
    "AzureDevOpsRepoIntegrationCreate",
    "AzureDevOpsRepoIntegrationUpdate",
    "AzureDevOpsRepoIntegrationDelete",
    ("AzureDevOpsIntegrationRead",),
    ("personalAccessToken", "personalAccessToken"),
    {
        "organizationURL": "https://dev.azure.example/ops",
        "userFacingHost": "https://view.example",
        "accessibleProjects": ["two", "one"],
    },
    {
        "organizationURL": "https://dev.azure.example/other",
        "userFacingHost": "https://other.example",
        "accessibleProjects": ["one"],
    },
    {"accessibleProjects": None},
    clones=True,
)
DATACENTER: Final = Client(
    IntegrationKind.BITBUCKET_DATACENTER,
    "BitbucketDatacenterIntegrationCreate",
    "BitbucketDatacenterIntegrationUpdate",
    "BitbucketDatacenterIntegrationDelete",
    ("BitbucketDatacenterIntegrationRead", "BitbucketDatacenterIntegrationRead__2"),
    ("accessToken", "accessToken"),
    HOSTS | {"username": "ada"},
    OTHER_HOSTS | {"username": "eve"},
    {"username": None},
    clones=False,
)
CLIENTS: Final = (GITLAB, AZURE, DATACENTER)
READS: Final = {
    IntegrationKind.AZURE_DEVOPS: "AzureDevOpsIntegrationRead",
    IntegrationKind.BITBUCKET_CLOUD: "BitbucketCloudIntegrationRead",
    IntegrationKind.BITBUCKET_DATACENTER: "BitbucketDatacenterIntegrationRead",
    IntegrationKind.GITHUB_ENTERPRISE: "GithubEnterpriseIntegrationRead",
    IntegrationKind.GITLAB: "GitlabIntegrationRead",
}
every_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda one: one.kind)


@pytest.fixture
async def edge(database: Database) -> Edge:
    edge = Edge(database)
    await edge.prepare()
    return edge


@pytest.fixture
async def provider(edge: Edge) -> Provider:
    return await Provider(edge).sign_in()


def custom(**given: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {"name": "Our Git", "spaceID": "root", "isDefault": False}
    unsaid = ("labels", "description", "vcsChecks", "useGitCheckout")
    return usual | dict.fromkeys(unsaid) | given


def change(**given: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {"id": "our-git", "space": "root"}
    unsaid = ("labels", "description", "vcsChecks", "useGitCheckout")
    return usual | dict.fromkeys(unsaid) | given


def without(generated: set[str], said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in generated}


async def made(provider: Provider, client: Client, **given: Any) -> dict[str, Any]:
    said: dict[str, Any] = await provider.data(
        client.create, customInput=custom(**given), **client.own, **client.called()
    )
    return said


async def space(edge: Edge, name: str, parent: SpaceId = ROOT) -> SpaceId:
    async with edge.unit() as unit:
        wanted = SpaceSpec(name, parent=parent, inherits=False)
        return (await unit.spaces.create(wanted, by=SYSTEM)).id


@every_client
async def test_the_life_of_an_integration(provider: Provider, client: Client) -> None:
    said: dict[str, Any] = {"labels": ["b", "a"], "description": "d"}
    said |= {"vcsChecks": "ALL"}
    new = await made(provider, client, **said, useGitCheckout=not client.clones)
    assert without(GENERATED, new) == said | client.own | {
        "id": "our-git",
        "name": "Our Git",
        "isDefault": False,
        "space": {"id": "root"},
        "useGitCheckout": not client.clones,
    }
    for read in client.reads:
        found = await provider.data(read, id="our-git")
        assert found.items() <= new.items()

    expected = new
    for one, answered in (
        ({"labels": ["c"]}, {"labels": ["c"]}),
        ({"description": "e"}, {"description": "e"}),
        ({"vcsChecks": "AGGREGATED"}, {"vcsChecks": "AGGREGATED"}),
        ({"useGitCheckout": client.clones}, {"useGitCheckout": client.clones}),
        ({"space": "legacy"}, {"space": {"id": "legacy"}}),
    ):
        said |= one
        settings = change(**{"useGitCheckout": not client.clones} | said)
        expected = expected | answered
        changed = await provider.data(
            client.update,
            customInput=settings,
            **client.own,
            **client.called(updating=True),
        )
        assert changed == expected
    for name, value in client.changed.items():
        changed = await provider.data(
            client.update,
            customInput=change(**said),
            **client.own | {name: value},
            **client.called(updating=True, token=""),
        )
        assert changed == expected | {name: value}

    unset = await provider.data(
        client.update,
        customInput=change(space="legacy"),
        **client.own | client.unset,
        **client.called(updating=True, token=None),
    )
    assert unset == expected | {
        "labels": [],
        "description": None,
        "vcsChecks": "INDIVIDUAL",
        "useGitCheckout": client.clones,
    } | {name: type(client.own[name])() for name in client.unset}

    again = await provider.error(
        client.create, customInput=custom(), **client.own, **client.called()
    )
    assert "of this provider and name exists already" in again
    gone = await provider.data(client.delete, id="our-git")
    assert gone == unset
    for read in client.reads:
        assert await provider.data(read, id="our-git") is None
    assert await provider.data(client.delete, id="our-git") is None


async def test_of_deletions_at_the_same_time_none_is_an_error(
    provider: Provider,
) -> None:
    await made(provider, GITLAB)
    deleted = (provider.answer(GITLAB.delete, id="our-git") for _ in range(4))
    answers = await asyncio.gather(*deleted)
    assert [one for one in answers if "errors" in one] == []


@every_client
async def test_the_server_makes_up_where_and_with_which_secret_it_is_told(
    provider: Provider, client: Client
) -> None:
    first, second = await made(provider, client), await made(provider, client, name="B")
    path = client.kind.lower().replace("_", "-")
    url = f"{SITE.base_url}/webhooks/{path}/integration/our-git"
    assert url in {first.get("webhookUrl"), first.get("webhookURL")}
    secrets = [
        one.get("webhookSecret") or one["webhookPassword"] for one in (first, second)
    ]
    assert len({*secrets}) == 2
    assert all(len(one) > 30 for one in secrets)


@every_client
async def test_a_token_is_sealed_and_never_returned(
    provider: Provider, client: Client
) -> None:
    new = await made(provider, client)
    assert CANARY not in str(new)
    assert CANARY not in str(await provider.answer(client.reads[0], id="our-git"))
    async with provider.edge.database.transaction() as session:
        rows = (await session.execute(text("SELECT * FROM vcs_integrations"))).all()
        trail = (await session.execute(text("SELECT * FROM audit_entries"))).all()
    assert CANARY.encode() not in rows[0].token
    secret = new.get("webhookSecret") or new["webhookPassword"]
    assert CANARY not in str(rows)
    assert secret not in str(rows)
    assert CANARY not in str(trail)
    assert secret not in str(trail)


@every_client
async def test_a_null_or_empty_token_keeps_the_one_that_there_is(
    provider: Provider, client: Client
) -> None:
    await made(provider, client)

    async def kept() -> bytes:
        async with provider.edge.database.transaction() as session:
            query = text("SELECT token FROM vcs_integrations")
            return bytes((await session.execute(query)).scalar_one())

    before = await kept()
    for token, stays in ((None, True), ("", True), ("another", False)):
        await provider.data(
            client.update,
            customInput=change(),
            **client.own,
            **client.called(updating=True, token=token),
        )
        assert (await kept() == before) is stays


@every_client
async def test_nobody_is_let_in_without_a_token_or_to_no_address(
    provider: Provider, client: Client
) -> None:
    said = client.called(token="")
    refused = await provider.error(
        client.create, customInput=custom(), **client.own, **said
    )
    assert "needed" in refused
    host = next(iter(client.own))
    for address in ("git.example", "ftp://git.example", "https://", "https://a@b.c"):
        refused = await provider.error(
            client.create,
            customInput=custom(),
            **client.own | {host: address},
            **client.called(),
        )
        assert host in refused


async def test_an_empty_id_is_the_accounts_default(provider: Provider) -> None:
    for kind, read in READS.items():
        assert await provider.data(read, id="") is None
        async with provider.edge.unit() as unit:
            for name, is_default in (("Other", False), ("Main", True)):
                await unit.vcs_integrations.create(
                    a_git_server(kind, name, is_default=is_default),
                    a_connection(kind),
                    by=SYSTEM,
                )
        found = await provider.data(read, id="")
        assert (found["id"], found["isDefault"]) == ("main", True)
        assert found["space"] == {"id": "root"}
        url = found.get("webhookUrl") or found["webhookURL"]
        assert url == f"{SITE.base_url}/webhooks/{kind.lower().replace('_', '-')}"
        assert await provider.data(read, id="main") == found
        other = await provider.data(read, id="other")
        assert other["isDefault"] is False


@every_client
async def test_what_names_nothing_is_about_the_default(
    provider: Provider, client: Client
) -> None:
    """Old clients knew one integration of a kind, and sent no input for it."""
    new = await provider.data(client.create, **client.own, **client.called())
    assert (new["isDefault"], new["space"]) == (True, {"id": "root"})
    changed = await provider.data(
        client.update, **client.changed, **client.called(updating=True)
    )
    assert changed == new | client.changed
    assert await provider.data(client.delete, id="") is None
    assert await provider.data(client.reads[0], id="") is not None


@every_client
async def test_a_default_integration_cannot_move_space(
    provider: Provider, client: Client
) -> None:
    own, called = client.own, client.called()
    elsewhere = custom(isDefault=True, spaceID="legacy")
    refused = await provider.error(
        client.create, customInput=elsewhere, **own, **called
    )
    assert 'is in the space "root"' in refused
    await made(provider, client, isDefault=True)
    refused = await provider.error(
        client.update,
        customInput=change(space="legacy"),
        **own,
        **client.called(updating=True),
    )
    assert "cannot leave the space root" in refused
    another = custom(isDefault=True, name="Another")
    refused = await provider.error(client.create, customInput=another, **own, **called)
    assert "has a default VCS integration of this provider already" in refused


async def test_only_administrators_of_its_space_learn_its_webhook(
    provider: Provider,
) -> None:
    home = await space(provider.edge, "Home")
    whole = await made(provider, GITLAB, spaceID=home)
    admin = await Provider(provider.edge).sign_in_with("space-admin", home)
    assert await admin.data("GitLabIntegrationRead", id="our-git") == whole
    reader = await Provider(provider.edge).sign_in_with("space-writer", home)
    shown = await reader.data("GitLabIntegrationRead", id="our-git")
    assert shown == whole | {"webhookSecret": "", "webhookUrl": ""}


async def test_who_reads_any_space_knows_of_the_default_but_not_its_details(
    provider: Provider,
) -> None:
    await made(provider, GITLAB, isDefault=True)
    home = await space(provider.edge, "Home")
    asks = {
        "query": '{ gitlabIntegration(id: "") { id description webhookSecret } }',
    }
    admin = await Provider(provider.edge).sign_in_with("space-admin", home)
    nobody = await provider.edge.bearer(admin=False)
    async with provider.edge.client() as client:
        seen = await client.post("/graphql", json=asks, headers=admin.headers)
        unseen = await client.post("/graphql", json=asks, headers=nobody)
    known = {"id": "our-git", "description": None, "webhookSecret": ""}
    assert seen.json()["data"] == {"gitlabIntegration": known}
    assert unseen.json()["data"] == {"gitlabIntegration": None}


async def test_a_space_with_an_integration_is_not_empty(provider: Provider) -> None:
    home = await space(provider.edge, "Home")
    await made(provider, GITLAB, spaceID=home)
    refused = await provider.error("DeleteSpace", id=home)
    assert "VCS integration" in refused
    await provider.data("GitLabIntegrationDelete", id="our-git")
    assert await provider.data("DeleteSpace", id=home) is not None


# What no client sends: the rest of the arguments is the same for both mutations.
FURTHER: Final = {
    "bitbucketCloudIntegration": (
        'username: "ada", email: "ada@example.com"',
        f'apiToken: "{CANARY}"',
        {"username": "ada", "email": "ada@example.com"},
    ),
    "githubEnterpriseIntegration": (
        f'apiHost: "{HOST}", userFacingHost: "{HOST}", appID: "7"',
        f'privateKey: """{PEM}{CANARY}"""',
        {"apiHost": HOST, "appID": "7", "useGitCheckout": False},
    ),
}


@pytest.mark.parametrize("word", FURTHER)
async def test_the_life_of_those_that_no_client_makes(
    provider: Provider, word: str
) -> None:
    given, token, shown = FURTHER[word]
    read = f"{word[0].upper()}{word[1:]}Read"

    async def ask(document: str, said: dict[str, Any] | None = None) -> Any:
        request = {"query": document, "variables": {"said": said}}
        async with provider.edge.client() as client:
            answer = await client.post(
                "/graphql", json=request, headers=provider.headers
            )
        assert "errors" not in answer.json(), answer.json()
        return answer.json()["data"]["done"]

    await ask(
        f"mutation ($said: CustomVCSInput) {{ done: {word}Create"
        f"({given}, {token}, customInput: $said) {{ id }} }}",
        custom(vcsChecks="ALL"),
    )
    found = await provider.data(read, id="our-git")
    assert (found | shown | {"name": "Our Git", "vcsChecks": "ALL"}) == found
    assert len(found["webhookSecret"]) > 30
    assert CANARY not in str(found)
    await ask(
        f"mutation ($said: CustomVCSUpdateInput) {{ done: {word}Update"
        f"({given}, customInput: $said) {{ id }} }}",
        change(description="d", labels=["a"]),
    )
    again = await provider.data(read, id="our-git")
    news = {"description": "d", "labels": ["a"], "vcsChecks": "INDIVIDUAL"}
    assert again == found | news
    gone = await ask(f'mutation {{ done: {word}Delete(id: "our-git") {{ id }} }}')
    assert gone == {"id": "our-git"}
    assert await provider.data(read, id="our-git") is None


async def test_the_secret_of_a_github_app_that_there_is_can_be_given(
    provider: Provider,
) -> None:
    kind = IntegrationKind.GITHUB_ENTERPRISE
    async with provider.edge.unit() as unit:
        await unit.vcs_integrations.create(
            a_git_server(kind, "App"),
            a_connection(kind, webhook_secret="the app's own"),  # noqa: S106 - of a test
            by=SYSTEM,
        )
    found = await provider.data(READS[kind], id="app")
    assert found["webhookSecret"] == "the app's own"
