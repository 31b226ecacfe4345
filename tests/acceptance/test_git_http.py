"""A real git against the real routes, on a real server."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.support.hosting import ADA, GitCommandError, Hosting, Laptop, served

from stackyard.adapters.git import Limits
from stackyard.adapters.postgres import Database
from stackyard.http.git import GitLimits
from stackyard.kernel.access import Action
from stackyard.kernel.blobs import Bucket
from stackyard.kernel.ids import RepoId
from stackyard.vcs import RefUpdated


@pytest.fixture
def hosting(database: Database, tmp_path: Path) -> Hosting:
    return Hosting(database, tmp_path)


@pytest.fixture
async def server(hosting: Hosting) -> AsyncIterator[str]:
    await hosting.create()
    async with hosting.replica() as replica, served(replica) as url:
        yield f"{url}/garden.git"


@pytest.fixture
def laptop(tmp_path: Path) -> Laptop:
    home = tmp_path / "laptop"
    home.mkdir()
    return Laptop(home)


async def test_what_is_pushed_can_be_cloned_from_another_replica(
    hosting: Hosting, server: str, laptop: Laptop
) -> None:
    work = await laptop.start("work", server)
    sha = await laptop.commit(work, "modules/a b/ü.tf", "resource\n")
    await laptop.git("push", "-q", "origin", "main", at=work)

    async with hosting.replica() as other, served(other) as url:
        copy = await laptop.clone(f"{url}/garden.git", "copy")

    assert (copy / "modules/a b/ü.tf").read_text() == "resource\n"
    [event] = hosting.outbox.events
    assert event == RefUpdated(
        repo_id=RepoId("garden"),
        ref="refs/heads/main",
        before=None,
        after=sha,
        at=hosting.clock.now,
        pusher="ada",
        version=1,
    )


@pytest.mark.parametrize("version", ["0", "1", "2"])
async def test_every_version_of_the_protocol_clones_and_fetches(
    server: str, laptop: Laptop, version: str
) -> None:
    work = await laptop.start("work", server)
    await laptop.commit(work, "one", "1")
    await laptop.git("push", "-q", "origin", "main", at=work)
    spoken = ("-c", f"protocol.version={version}")
    copy = await laptop.clone(server, "copy", *spoken)
    sha = await laptop.commit(work, "two", "2")
    await laptop.git("push", "-q", "origin", "main", at=work)

    await laptop.git(*spoken, "pull", "-q", at=copy)

    assert (await laptop.git("rev-parse", "HEAD", at=copy)).strip() == sha


async def test_one_exact_commit_can_be_fetched_shallow_and_without_files(
    server: str, laptop: Laptop
) -> None:
    work = await laptop.start("work", server)
    first = await laptop.commit(work, "one", "1")
    await laptop.commit(work, "two", "2")
    await laptop.git("push", "-q", "origin", "main", at=work)

    copy = await laptop.start("copy", server)
    await laptop.git(
        "fetch", "-q", "--depth=1", "--filter=blob:none", "origin", first, at=copy
    )

    shown = await laptop.git("rev-list", "--all", "FETCH_HEAD", at=copy)
    assert shown.split() == [first]


async def test_ten_people_push_at_once_and_no_commit_is_lost(
    hosting: Hosting, server: str, laptop: Laptop
) -> None:
    work = await laptop.start("work", server)
    await laptop.commit(work, "start", "0")
    await laptop.git("push", "-q", "origin", "main", at=work)
    copies = [await laptop.clone(server, f"copy-{n}") for n in range(10)]
    for number, copy in enumerate(copies):
        await laptop.commit(copy, f"file-{number}", str(number))

    async with hosting.replica() as other, served(other) as url:
        for copy in copies[::2]:  # half of them meet another replica
            remote = f"{url}/garden.git"
            await laptop.git("remote", "set-url", "origin", remote, at=copy)
        refusals = await asyncio.gather(*(_push(laptop, copy) for copy in copies))

    last = await laptop.clone(server, "last")
    expected = {"start", *(f"file-{number}" for number in range(10))}
    assert {path.name for path in last.iterdir()} - {".git"} == expected
    assert len(hosting.outbox.events) == 11
    assert any(refusals), "nobody was ever refused, so nothing was concurrent"
    assert {word for words in refusals for word in words} == {"fetch first"}


async def test_branches_and_tags_come_and_go_and_history_can_be_forced(
    hosting: Hosting, server: str, laptop: Laptop
) -> None:
    work = await laptop.start("work", server)
    first = await laptop.commit(work, "one", "1")
    await laptop.git("tag", "-a", "v1", "-m", "first", at=work)
    await laptop.git("push", "-q", "origin", "main", "v1", at=work)
    await laptop.git("push", "-q", "origin", "main:refs/heads/feature/x", at=work)
    second = await laptop.commit(work, "two", "2")
    await laptop.git("push", "-q", "origin", "main", at=work)
    await laptop.git("reset", "-q", "--hard", first, at=work)
    await laptop.git("push", "-q", "--force", "origin", "main", at=work)
    await laptop.git("push", "-q", "origin", ":refs/heads/feature/x", at=work)

    listed = await laptop.git("ls-remote", server)

    names = {line.split("\t")[1]: line.split("\t")[0] for line in listed.splitlines()}
    assert names.keys() == {
        "HEAD",
        "refs/heads/main",
        "refs/tags/v1",
        "refs/tags/v1^{}",
    }
    assert names["refs/heads/main"] == first
    async with hosting.unit() as unit:
        lost = await unit.repositories.commit(RepoId("garden"), second, by=ADA)
    assert lost is not None


async def test_the_default_branch_cannot_be_deleted(
    server: str, laptop: Laptop
) -> None:
    work = await laptop.start("work", server)
    await laptop.commit(work, "one", "1")
    await laptop.git("push", "-q", "origin", "main", at=work)

    with pytest.raises(GitCommandError, match="deletion of the current branch"):
        await laptop.git("push", "origin", ":main", at=work)


async def test_a_large_push_streams_in_both_directions(
    server: str, laptop: Laptop
) -> None:
    work = await laptop.start("work", server)
    noise = os.urandom(20 * 1024 * 1024)
    await laptop.commit(work, "noise", noise)
    await laptop.git("push", "-q", "origin", "main", at=work)

    copy = await laptop.clone(server, "copy")

    assert (copy / "noise").read_bytes() == noise


async def test_a_push_over_the_limit_is_refused_and_leaves_nothing(
    hosting: Hosting, laptop: Laptop
) -> None:
    await hosting.create()
    limits = GitLimits(push_bytes=100_000)
    async with hosting.replica() as replica, served(replica, limits) as url:
        work = await laptop.start("work", f"{url}/garden.git")
        await laptop.commit(work, "noise", os.urandom(3_000_000))
        with pytest.raises(GitCommandError, match="413"):
            await laptop.git("push", "origin", "main", at=work)
        assert list((replica.mirrors.root / "scratch").iterdir()) == []
    assert hosting.blobs.bodies == {}


async def test_git_itself_refuses_a_pack_over_the_limit(
    hosting: Hosting, laptop: Laptop
) -> None:
    await hosting.create()
    limits = Limits(push_bytes=100_000)
    async with hosting.replica(limits) as replica, served(replica) as url:
        work = await laptop.start("work", f"{url}/garden.git")
        await laptop.commit(work, "noise", os.urandom(300_000))
        with pytest.raises(GitCommandError, match="maximum allowed size"):
            await laptop.git("push", "origin", "main", at=work)


async def test_a_push_that_cannot_be_stored_is_refused_with_the_reason(
    hosting: Hosting, server: str, laptop: Laptop
) -> None:
    work = await laptop.start("work", server)
    await laptop.commit(work, "one", "1")
    hosting.blobs.down = True

    with pytest.raises(GitCommandError, match="does not answer at the moment"):
        await laptop.git("push", "origin", "main", at=work)

    hosting.blobs.down = False
    assert await laptop.git("ls-remote", server) == ""
    await laptop.git("push", "-q", "origin", "main", at=work)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("garden.git/info/refs?service=git-upload-pack", 401),
        ("nothing.git/info/refs?service=git-upload-pack", 401),
    ],
)
async def test_nobody_learns_anything_without_credentials(
    server: str, path: str, status: int
) -> None:
    base = _base(server)
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{base}/{path}")
        wrong = await client.get(f"{base}/{path}", auth=("key", "wrong"))

    assert answer.status_code == wrong.status_code == status
    assert answer.headers["www-authenticate"] == 'Basic realm="stackyard"'


async def test_a_repository_that_does_not_exist_is_not_found(
    server: str, laptop: Laptop
) -> None:
    with pytest.raises(GitCommandError, match="not found"):
        await laptop.clone(server.replace("garden", "desert"), "copy")


async def test_who_may_only_read_can_clone_and_not_push(
    hosting: Hosting, server: str, laptop: Laptop
) -> None:
    hosting.access.refused.add(Action.SPACELIFT_VCS_COMMIT_FILES)
    work = await laptop.clone(server, "work")
    await laptop.commit(work, "one", "1")

    with pytest.raises(GitCommandError, match="403"):
        await laptop.git("push", "origin", "HEAD:main", at=work)


async def test_a_push_that_dies_in_the_middle_leaves_nothing(
    hosting: Hosting, laptop: Laptop
) -> None:
    await hosting.create()
    async with hosting.replica() as replica, served(replica) as url:
        async with httpx.AsyncClient() as client:
            with pytest.raises(RuntimeError, match="died"):
                await client.post(
                    f"{url}/garden.git/git-receive-pack",
                    content=_dying(),
                    headers={"Content-Type": "application/x-git-receive-pack-request"},
                )
        scratch = replica.mirrors.root / "scratch"
        async with asyncio.timeout(10):
            while list(scratch.iterdir()):  # noqa: ASYNC110 - a folder tells nobody
                await asyncio.sleep(0.01)
    assert hosting.blobs.keys(Bucket.MODULES) == []


async def test_a_client_that_leaves_in_the_middle_of_a_clone_frees_its_place(
    hosting: Hosting, laptop: Laptop
) -> None:
    await hosting.create()
    limits = GitLimits(at_once=1)
    async with hosting.replica() as replica, served(replica, limits) as url:
        work = await laptop.start("work", f"{url}/garden.git")
        sha = await laptop.commit(work, "noise", os.urandom(30_000_000))
        await laptop.git("push", "-q", "origin", "main", at=work)
        want = f"0032want {sha}\n00000009done\n".encode()
        async with (
            httpx.AsyncClient() as client,
            client.stream(
                "POST",
                f"{url}/garden.git/git-upload-pack",
                content=want,
                headers={"Content-Type": "application/x-git-upload-pack-request"},
            ) as answer,
        ):
            assert answer.status_code == 200

        async with asyncio.timeout(10):
            assert sha in await laptop.git("ls-remote", f"{url}/garden.git")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Encoding": "br"}, 415),
        ({"Content-Encoding": "gzip"}, 400),
    ],
)
async def test_a_request_that_git_would_not_make_is_refused(
    server: str, headers: dict[str, str], status: int
) -> None:
    usual = {"Content-Type": "application/x-git-upload-pack-request"}
    async with httpx.AsyncClient() as client:
        answer = await client.post(
            f"{server}/git-upload-pack", content=b"oops", headers=usual | headers
        )

    assert answer.status_code == status


async def test_the_dumb_protocol_is_not_spoken(server: str) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{server}/info/refs")
        file = await client.get(f"{server}/HEAD")

    assert answer.status_code == 403
    assert file.status_code == 404


async def _push(laptop: Laptop, copy: Path) -> list[str]:
    """Push until it is in; return the reasons of the refusals."""
    refusals = []
    for _ in range(50):
        try:
            await laptop.git("push", "-q", "origin", "HEAD:main", at=copy)
        except GitCommandError as error:
            known = "fetch first" in str(error)
            refusals.append("fetch first" if known else str(error))
            await laptop.git("pull", "-q", "--rebase", "origin", "main", at=copy)
        else:
            return refusals
    pytest.fail("a push never got in")


async def _dying() -> AsyncIterator[bytes]:
    old, new = "0" * 40, "1" * 40
    command = f"{old} {new} refs/heads/main\0report-status side-band-64k"
    yield f"{len(command) + 4:04x}{command}0000PACK".encode()
    await asyncio.sleep(0.2)
    message = "died"
    raise RuntimeError(message)


def _base(server: str) -> str:
    return "http://" + server.rsplit("@", 1)[1].removesuffix("/garden.git")
