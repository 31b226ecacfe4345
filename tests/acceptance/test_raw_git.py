"""Branches of other people's repositories, over real TLS."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from tests.support.git_backend import GitBackend, OwnTls
from tests.support.hosting import Laptop, running
from tests.support.ports import free_port

from stackyard.adapters.outbound import GuardedHttp
from stackyard.vcs import (
    GitUrl,
    Heads,
    NotAGitServerError,
    RemoteRefusedError,
    RemoteRepositoryMissingError,
    RemoteUnavailableError,
)

ADVERTISED = "application/x-git-upload-pack-advertisement"


@dataclass
class Elsewhere:
    base: str
    sha: str
    tls: OwnTls

    def heads(self, *networks: str) -> Heads:
        return Heads(
            GuardedHttp.guard(allowed_networks=networks, tls=self.tls.trusted())
        )


async def _moved(request: Request) -> Response:
    return RedirectResponse(f"/infra.git/info/refs?{request.url.query}")


async def _lost(_: Request) -> Response:
    return RedirectResponse("http://127.0.0.1/infra.git/info/refs")


async def _inward(_: Request) -> Response:
    return RedirectResponse("https://169.254.169.254/latest/meta-data")


async def _around(request: Request) -> Response:
    return RedirectResponse(str(request.url))


async def _page(_: Request) -> Response:
    return PlainTextResponse("<html>")


async def _broken(_: Request) -> Response:
    return Response(b"001e# service=git-upload-pack\n0000zzzz", media_type=ADVERTISED)


async def _cut(_: Request) -> Response:
    return Response(b"001e# service=git-upload-pack\n0000003f", media_type=ADVERTISED)


async def _huge(_: Request) -> Response:
    return Response(b"0" * 20_000_000, media_type=ADVERTISED)


async def _private(_: Request) -> Response:
    return PlainTextResponse("who are you", 401)


@pytest.fixture
async def elsewhere(tmp_path: Path) -> AsyncIterator[Elsewhere]:
    laptop = Laptop(tmp_path)
    work = await laptop.start("work", "unused")
    sha = await laptop.commit(work, "main.tf", "x")
    await laptop.git("branch", "feature/x", at=work)
    await laptop.git("clone", "-q", "--bare", "work", "infra.git")
    tls = OwnTls.make(tmp_path)
    odd = {
        "moved": _moved,
        "lost": _lost,
        "inward": _inward,
        "around": _around,
        "page": _page,
        "broken": _broken,
        "cut": _cut,
        "huge": _huge,
        "private": _private,
    }
    routes = [Route(f"/{name}/info/refs", odd[name]) for name in odd]
    routes.append(Route("/{path:path}", GitBackend(tmp_path).__call__))
    async with running(
        Starlette(routes=routes),
        ssl_certfile=str(tls.certificate),
        ssl_keyfile=str(tls.key),
    ) as port:
        yield Elsewhere(f"https://127.0.0.1:{port}", sha, tls)


@pytest.mark.parametrize("branch", ["main", "feature/x"])
@pytest.mark.parametrize("path", ["infra.git", "infra.git/", "moved"])
async def test_the_head_of_a_branch_is_found(
    elsewhere: Elsewhere, path: str, branch: str
) -> None:
    url = GitUrl(f"{elsewhere.base}/{path}")

    found = await elsewhere.heads("127.0.0.0/8").of(url, [branch, "nope"])

    assert found == {branch: elsewhere.sha}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "127.1"])
async def test_our_own_network_is_refused_under_every_name(
    elsewhere: Elsewhere, host: str
) -> None:
    url = GitUrl(f"{elsewhere.base}/infra.git".replace("127.0.0.1", host))

    with pytest.raises(RemoteRefusedError):
        await elsewhere.heads().of(url, ["main"])


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("nothing.git", RemoteRepositoryMissingError),
        ("private", RemoteRepositoryMissingError),
        ("page", NotAGitServerError),
        ("broken", NotAGitServerError),
        ("cut", NotAGitServerError),
        ("lost", RemoteRefusedError),
        ("inward", RemoteRefusedError),
        ("around", RemoteUnavailableError),
        ("huge", RemoteUnavailableError),
    ],
)
async def test_what_is_no_repository_is_named_for_what_it_is(
    elsewhere: Elsewhere, path: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await elsewhere.heads("127.0.0.0/8").of(
            GitUrl(f"{elsewhere.base}/{path}"), ["main"]
        )


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    elsewhere: Elsewhere,
) -> None:
    heads = Heads(GuardedHttp.guard(allowed_networks=["127.0.0.0/8"]))

    with pytest.raises(RemoteUnavailableError):
        await heads.of(GitUrl(f"{elsewhere.base}/infra.git"), ["main"])


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    heads = Heads(GuardedHttp.guard(allowed_networks=["127.0.0.0/8"]))

    with pytest.raises(RemoteUnavailableError):
        await heads.of(GitUrl(f"https://127.0.0.1:{free_port()}/a"), ["main"])
