"""What a repository is asked about what was missed: each kind keeps one promise."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from tests.support.git_backend import GitBackend, OwnTls
from tests.support.hosting import Hosting, Laptop, running, served

from stackyard.adapters.outbound import GuardedHttp
from stackyard.adapters.postgres import Database
from stackyard.heads import BuiltInSource, RawGitSource
from stackyard.kernel.errors import Kind, StackyardError
from stackyard.kernel.ids import RepoId
from stackyard.vcs import GitUrl, Heads, Source


@dataclass
class Place:
    """A repository with a source that looks at it, and a clone that pushes there."""

    source: Source
    missing: Source  # looks at a repository that does not exist
    laptop: Laptop
    work: Path

    async def push(self, path: str, *options: str, branch: str = "main") -> str:
        sha = await self.laptop.commit(self.work, path, path)
        await self.git("push", "-q", *options, "origin", f"HEAD:refs/heads/{branch}")
        return sha

    async def git(self, *arguments: str) -> None:
        await self.laptop.git(*arguments, at=self.work)


@asynccontextmanager
async def built_in(database: Database, folder: Path) -> AsyncIterator[Place]:
    hosting, laptop = Hosting(database, folder / "hosting"), Laptop(folder)
    (folder / "hosting").mkdir()
    await hosting.create()
    async with hosting.replica() as replica, served(replica) as url:
        yield Place(
            BuiltInSource(hosting.repositories, RepoId("garden")),
            BuiltInSource(hosting.repositories, RepoId("nowhere")),
            laptop,
            await laptop.start("work", f"{url}/garden.git"),
        )


@asynccontextmanager
async def raw_git(folder: Path) -> AsyncIterator[Place]:
    laptop, root = Laptop(folder), folder / "elsewhere"
    await laptop.git("init", "-q", "--bare", "-b", "main", root / "garden.git")
    tls = OwnTls.make(folder)
    heads = Heads(
        GuardedHttp.guard(allowed_networks=["127.0.0.0/8"], tls=tls.trusted())
    )
    app = Starlette(routes=[Route("/{path:path}", GitBackend(root).__call__)])
    async with running(
        app, ssl_certfile=str(tls.certificate), ssl_keyfile=str(tls.key)
    ) as port:
        base = f"https://127.0.0.1:{port}"
        yield Place(
            RawGitSource(heads, GitUrl(f"{base}/garden.git")),
            RawGitSource(heads, GitUrl(f"{base}/nowhere.git")),
            laptop,
            await laptop.start("work", str(root / "garden.git")),
        )


@pytest.fixture(params=["built-in", "raw git"])
async def place(
    request: pytest.FixtureRequest, database: Database, tmp_path: Path
) -> AsyncIterator[Place]:
    kind = built_in(database, tmp_path) if request.param == "built-in" else None
    async with kind or raw_git(tmp_path) as place:
        yield place


async def heads(place: Place, *branches: str) -> dict[str, str]:
    found = await place.source.heads(branches)
    return {branch: commit.hash for branch, commit in found.items()}


async def test_the_heads_of_all_that_was_asked_for_come_at_once(place: Place) -> None:
    main = await place.push("one")
    side = await place.push("two", branch="feature/x")

    assert await heads(place, "main", "feature/x") == {"main": main, "feature/x": side}
    assert await heads(place, "main") == {"main": main}


async def test_an_empty_repository_has_no_heads(place: Place) -> None:
    assert await heads(place, "main") == {}


async def test_a_branch_that_is_not_there_is_left_out(place: Place) -> None:
    main = await place.push("one")
    await place.push("two", branch="feature")
    await place.git("tag", "main2")
    await place.git("push", "-q", "origin", "main2", ":refs/heads/feature")

    found = await heads(place, "main", "feature", "main2", "mai", "refs/heads/main")

    assert found == {"main": main}


async def test_a_branch_that_was_rewritten_is_where_it_is_now(place: Place) -> None:
    first = await place.push("one")
    await place.push("two")
    await place.git("reset", "-q", "--hard", "HEAD~1")
    await place.git("push", "-q", "--force", "origin", "main")
    assert await heads(place, "main") == {"main": first}

    again = await place.push("three")

    assert await heads(place, "main") == {"main": again}


async def test_neither_kind_knows_pull_requests(place: Place) -> None:
    await place.push("one", branch="feature")

    assert list(await place.source.open_pull_requests()) == []


async def test_a_repository_that_is_not_there_is_no_passing_trouble(
    place: Place,
) -> None:
    with pytest.raises(StackyardError) as caught:
        await place.missing.heads(["main"])

    assert caught.value.kind is not Kind.UNAVAILABLE
