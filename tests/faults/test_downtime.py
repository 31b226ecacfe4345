"""What was pushed while we were down, or not listening, has its run afterwards."""

import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import httpx
import pytest
from tests.support.client import eventually
from tests.support.elsewhere import (
    Elsewhere,
    await_first_look,
    await_run,
    follow,
    hashes,
    numbers,
    running_elsewhere,
)
from tests.support.platform import Platform, running_platform

STEPS = 3  # so many times a server must have been asked before we believe in no news


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    with running_elsewhere() as elsewhere:
        yield elsewhere


@pytest.fixture(scope="module")
def platform(elsewhere: Elsewhere) -> Iterator[Platform]:
    with running_platform(0, postgres_port=0, **elsewhere.settings) as platform:
        yield platform


def is_up(platform: Platform) -> bool:
    with suppress(httpx.HTTPError):
        return platform.client.http.get(f"{platform.base}/health").is_success
    return False


def be_asked_again(platform: Platform, url: str) -> None:
    """Return when the server has been asked some more times."""
    for _ in range(STEPS):
        before = checked_at(platform, url)
        eventually(
            lambda before=before: checked_at(platform, url) != before,  # type: ignore[misc]
            "another question",
            60,
            0.2,
        )


def checked_at(platform: Platform, url: str) -> Any:
    return platform.query(
        f"SELECT checked_at FROM followed_remotes WHERE url = '{url}'"
    )


def test_a_push_whose_message_was_lost_has_its_run_when_the_drain_is_back(
    platform: Platform,
) -> None:
    client, name = platform.client, f"garden-{next(numbers)}"
    repo = client.create_repo(name)
    client.commit(repo, {"main.tf": "locals {}\n"})
    stack = client.create_stack(name, repo, platform.pool)
    platform.stop("drain")
    sha = client.commit(repo, {"other.tf": "locals {}\n"})
    lost = platform.query(
        "DELETE FROM message_queue_messages WHERE body->>'reaction' = 'trigger_pushed'"
        f" AND body->'facts'->>'after' = '{sha}' RETURNING id"
    )
    assert len(lost) == 1
    platform.start("drain")

    await_run(platform, stack, sha)
    eventually(
        lambda: platform.query("SELECT * FROM repository_unheard_updates") == [],
        "all to be heard",
        60,
    )

    assert hashes(platform, stack) == [sha]


def test_a_commit_made_elsewhere_while_we_were_down_has_its_run(
    platform: Platform, elsewhere: Elsewhere
) -> None:
    name = elsewhere.create()
    url = elsewhere.url(name)
    stack = follow(platform, url)
    await_first_look(platform, stack)
    for part in ("server", "drain"):
        platform.kill(part)
    sha = elsewhere.commit(name)
    # As if it had been for a minute, and the next look were an hour away.
    platform.query(
        "UPDATE follow_pulse SET beat_at = beat_at - interval '60 s' RETURNING 1"
    )
    platform.query(
        "UPDATE followed_remotes SET due_at = now() + interval '1 h' RETURNING url"
    )
    platform.start("drain")
    platform.start("server")
    eventually(lambda: is_up(platform), "the server", 60)

    await_run(platform, stack, sha)
    be_asked_again(platform, url)

    assert hashes(platform, stack) == [sha]


def test_a_commit_made_elsewhere_while_the_database_was_down_has_its_run(
    platform: Platform, elsewhere: Elsewhere
) -> None:
    name = elsewhere.create()
    stack = follow(platform, elsewhere.url(name))
    await_first_look(platform, stack)
    drain = platform.processes["drain"].pid
    platform.stop("postgres")
    sha = elsewhere.commit(name)
    platform.start("postgres")

    await_run(platform, stack, sha)

    assert hashes(platform, stack) == [sha]
    assert platform.processes["drain"].pid == drain
    assert platform.processes["drain"].poll() is None


def test_two_drains_make_one_run_for_each_stack(
    platform: Platform, elsewhere: Elsewhere
) -> None:
    names = [elsewhere.create() for _ in range(3)]
    stacks = {name: follow(platform, elsewhere.url(name)) for name in names}
    twins = [follow(platform, elsewhere.url(names[0])) for _ in range(5)]
    await_first_look(platform, *stacks.values(), *twins)
    own = {"STACKYARD_CACHE_FOLDER": str(platform.folder / "second")}
    platform.start_beside("drain", "drain-2", **own)
    eventually(lambda: "drain.started" in platform.log_of("drain-2"), "a drain", 60)
    made = {name: [elsewhere.commit(name)] for name in names}

    for name, stack in stacks.items():
        await_run(platform, stack, made[name][0])
    for twin in twins:
        await_run(platform, twin, made[names[0]][0])
    be_asked_again(platform, elsewhere.url(names[0]))
    platform.stop("drain-2")

    for name, stack in stacks.items():
        assert hashes(platform, stack) == made[name]
    for twin in twins:
        assert hashes(platform, twin) == made[names[0]]


def test_a_server_that_accepts_and_says_nothing_holds_up_no_other(
    platform: Platform, elsewhere: Elsewhere
) -> None:
    name = elsewhere.create()
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        mute = f"https://127.0.0.1:{silent.getsockname()[1]}/infra.git"
        follow(platform, mute)
        stack = follow(platform, elsewhere.url(name))
        await_first_look(platform, stack)
        sha = elsewhere.commit(name)
        await_run(platform, stack, sha)
        eventually(
            lambda: platform.query(
                "SELECT problem FROM followed_remotes"
                f" WHERE url = '{mute}' AND problem LIKE '%does not answer%'"
            ),
            "the problem to be noted",
            60,
        )

    assert "remote.unreadable" in platform.log_of("drain")
    assert hashes(platform, stack) == [sha]
