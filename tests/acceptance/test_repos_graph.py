"""Repositories as clients of the graph see them."""

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from ariadne import graphql
from tests.support.edge import the_schema
from tests.support.hosting import ADA, Hosting, Replica
from tests.support.provider import OPERATIONS
from tests.support.small_context import small_context

from stackyard.adapters.git.mirror import Mirror
from stackyard.adapters.postgres import Database
from stackyard.kernel.ids import RepoId

CREATE = """mutation($input: RepoCreateInput!) { repoCreate(input: $input) {
  id name description labels vcsChecks createdAt updatedAt } }"""
REVISE = (OPERATIONS / "RevisionCreate.graphql").read_text()
HISTORY = (OPERATIONS / "RepoFileRead.graphql").read_text()


class Client:
    def __init__(self, hosting: Hosting, replica: Replica) -> None:
        self.hosting, self.replica = hosting, replica
        self.context = small_context(
            hosting.unit, ADA, contents=replica.contents, pushes=replica.pushes
        )
        self.schema = the_schema()

    async def ask(self, query: str, **variables: object) -> dict[str, Any]:
        _, answer = await graphql(
            self.schema,
            {"query": query, "variables": variables},
            context_value=self.context,
        )
        return dict(answer)

    async def data(self, query: str, **variables: object) -> dict[str, Any]:
        answer = await self.ask(query, **variables)
        assert "errors" not in answer, answer
        return dict(answer["data"])


@pytest.fixture
async def client(database: Database, tmp_path: Path) -> AsyncIterator[Client]:
    hosting = Hosting(database, tmp_path)
    await hosting.prepare()
    async with hosting.replica() as replica:
        client = Client(hosting, replica)
        await client.data(CREATE, input={"spaceID": "garden", "name": "Garden"})
        yield client


async def test_a_new_repository_has_the_defaults(client: Client) -> None:
    made = await client.data(
        CREATE, input={"spaceID": "garden", "name": "My Park", "labels": None}
    )

    at = made["repoCreate"]["createdAt"]
    assert made["repoCreate"] == {
        "id": "my-park",
        "name": "My Park",
        "description": None,
        "labels": [],
        "vcsChecks": "INDIVIDUAL",
        "createdAt": at,
        "updatedAt": at,
    }


async def test_an_update_replaces_everything_but_the_id(client: Client) -> None:
    query = """mutation { repoUpdate(id: "garden", input: {
      name: "Park", labels: ["b", "a"], vcsChecks: ALL}) {
      id name labels vcsChecks } }"""

    assert (await client.data(query))["repoUpdate"] == {
        "id": "garden",
        "name": "Park",
        "labels": ["b", "a"],
        "vcsChecks": "ALL",
    }


async def test_a_revision_shows_in_the_history_of_its_file(client: Client) -> None:
    content = base64.b64encode(b"is tasty").decode()
    file = {"path": "a.tf", "content": content, "fileMode": "755", "action": "CREATE"}
    wanted = {
        "repoID": "garden",
        "message": "Add",
        "authorName": "Ada",
        "files": [file],
    }
    made = (await client.data(REVISE, input=wanted))["revisionCreate"]

    [edge] = (await client.data(HISTORY, repoID="garden", first=1, filePath="a.tf"))[
        "repoFileHistory"
    ]["edges"]

    assert edge["node"] == {
        "filePath": "a.tf",
        "isDeleted": False,
        "sizeBytes": 8,
        "fileMode": "0755",
        "revision": {"sha": made["sha"]},
        "content": {
            "sha256Hash": hashlib.sha256(b"is tasty").hexdigest(),
            "content": content,
            "sizeBytes": 8,
            "isEncrypted": False,
        },
    }
    assert made["id"] == made["sha"]


async def test_the_history_says_who_changed_a_file_and_that_it_is_gone(
    client: Client,
) -> None:
    wanted = {"repoID": "garden", "message": "m", "authorName": "Ada"}
    text = base64.b64encode("é🎉".encode()).decode()
    for author, file in (
        ("Ada", {"path": "ü/a b.tf", "content": text, "fileMode": "644"}),
        ("Eve", {"path": "ü/a b.tf", "content": None, "action": "DELETE"}),
    ):
        given = wanted | {"authorName": author, "files": [file]}
        await client.data(REVISE, input=given)
    query = """query($path: String!, $first: Int) { repoFileHistory(
      repoID: "garden", filePath: $path, first: $first) { edges { node {
      isDeleted sizeBytes fileMode revision { authorName } content { sizeBytes }
      } } } }"""

    async def nodes(path: str, first: int | None) -> list[dict[str, Any]]:
        found = await client.data(query, path=path, first=first)
        return [edge["node"] for edge in found["repoFileHistory"]["edges"]]

    gone, there = await nodes("ü/a b.tf", None)
    assert gone == {
        "isDeleted": True,
        "sizeBytes": None,
        "fileMode": None,
        "revision": {"authorName": "Eve"},
        "content": None,
    }
    assert there == {
        "isDeleted": False,
        "sizeBytes": 6,
        "fileMode": "0644",
        "revision": {"authorName": "Ada"},
        "content": {"sizeBytes": 6},
    }
    assert await nodes("ü/a b.tf", 1) == [gone]
    assert await nodes("never", 1) == []


async def test_encryption_alone_makes_a_revision_and_hides_the_content(
    client: Client,
) -> None:
    content = base64.b64encode(b"tasty").decode()
    for encrypt, action in ((False, "CREATE"), (True, "UPDATE"), (False, "UPDATE")):
        file = {"path": "a.tf", "content": content, "encrypt": encrypt}
        files = [file | {"fileMode": "0644", "action": action}]
        wanted = {
            "repoID": "garden",
            "message": "m",
            "authorName": "Ada",
            "files": files,
        }
        await client.data(REVISE, input=wanted)

    found = await client.data(HISTORY, repoID="garden", first=9, filePath="a.tf")

    clear = {"sha256Hash": hashlib.sha256(b"tasty").hexdigest(), "sizeBytes": 5}
    assert [edge["node"]["content"] for edge in found["repoFileHistory"]["edges"]] == [
        clear | {"content": content, "isEncrypted": False},
        clear | {"content": None, "isEncrypted": True},
        clear | {"content": content, "isEncrypted": False},
    ]


async def test_who_made_a_revision_and_why_is_in_git(client: Client) -> None:
    wanted = {
        "repoID": "garden",
        "message": "Plant",
        "description": "Roses.",
        "authorName": "Ada",
        "authorEmail": "ada@example.com",
        "files": [{"path": "a", "content": "YQ=="}],
    }
    await client.data(REVISE, input=wanted)

    async with client.replica.contents.mirror(RepoId("garden"), by=ADA) as mirror:
        assert isinstance(mirror, Mirror)
        log = ("log", "--format=%an <%ae>%n%B", "refs/heads/main")
        told = await mirror.git.run(f"--git-dir={mirror.folder}", *log)
    assert told.decode().split("\n") == [
        "Ada <ada@example.com>",
        "Plant",
        "",
        "Roses.",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ({"path": ".git/config", "content": "YQ=="}, "git's own folder"),
        ({"path": "../a", "content": "YQ=="}, "plain relative path"),
        ({"path": "a", "content": "?"}, "not base64"),
    ],
)
async def test_a_revision_that_cannot_be_made_says_why(
    client: Client, file: dict[str, Any], words: str
) -> None:
    wanted = {"repoID": "garden", "message": "m", "authorName": "A", "files": [file]}

    answer = await client.ask(REVISE, input=wanted)

    assert words in answer["errors"][0]["message"]


async def test_what_does_not_exist_is_null_and_can_be_deleted_again(
    client: Client,
) -> None:
    found = await client.data('{ repo(id: "x") { id } }')
    query = 'mutation { repoDelete(id: "garden") }'
    first, second = await client.data(query), await client.data(query)

    assert found == {"repo": None}
    assert first == second == {"repoDelete": True}
    assert await client.data(HISTORY, repoID="garden", first=1, filePath="a") == {
        "repoFileHistory": None
    }


async def test_repositories_come_in_pages(client: Client) -> None:
    query = """query($after: String) { repos(
      spaceID: "garden", first: 1, after: $after) { edges { node { id } }
      pageInfo { endCursor hasNextPage hasPreviousPage } } }"""
    await client.data(CREATE, input={"spaceID": "garden", "name": "Park"})

    first = (await client.data(query))["repos"]
    second = (await client.data(query, after=first["pageInfo"]["endCursor"]))["repos"]

    assert first["edges"] == [{"node": {"id": "garden"}}]
    assert first["pageInfo"]["hasNextPage"] is True
    assert second["edges"] == [{"node": {"id": "park"}}]
    assert second["pageInfo"]["hasNextPage"] is False
