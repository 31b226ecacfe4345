"""PostgreSQL 16 becomes 17 by pg_upgrade, while everything else stays up.

As docs/howto/upgrade-postgresql.md has it, but for one thing: the worker is not drained
first. It has a run in hand all the while. And somebody pushes in the middle of it.
"""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.elsewhere import (
    Elsewhere,
    await_first_look,
    await_run,
    follow,
    running_elsewhere,
)
from tests.support.outage import weathered
from tests.support.platform import Platform, bare_platform
from tests.support.postgres import complete_postgres_16

from stackyard.embedded.postgres import EmbeddedPostgres

LINES = 150
SLOW = f'for i in $(seq 1 {LINES}); do echo "slow-line-$i"; sleep 0.1; done'
CODE = 'resource "terraform_data" "made" { input = "one" }\n'


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    with running_elsewhere() as elsewhere:
        yield elsewhere


@pytest.fixture
def platform(elsewhere: Elsewhere) -> Iterator[Platform]:
    with bare_platform(0, **elsewhere.settings) as platform:
        port = platform.postgres.port
        old = complete_postgres_16(platform.folder / "postgres-16", port)
        platform.postgres = old
        platform.start_all(workers=1)
        yield platform


def pg_upgrade(old: EmbeddedPostgres, folder: Path) -> EmbeddedPostgres:
    """Make a cluster of the wheel's version out of the old one's data."""
    new = EmbeddedPostgres(folder, old.port)
    new.prepare()
    ended = subprocess.run(
        [
            new.binaries / "pg_upgrade",
            f"--old-bindir={old.binaries}",
            f"--new-bindir={new.binaries}",
            f"--old-datadir={old.data}",
            f"--new-datadir={new.data}",
            "--username=postgres",
        ],
        **new.identity() | {"cwd": new.data},
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    return new


def upgrade(platform: Platform, meanwhile: Callable[[], str]) -> str:
    """Upgrade, and do something while the database is away; return what came of it."""
    assert major(platform) == "16"
    platform.stop("postgres")
    done = meanwhile()
    platform.postgres = pg_upgrade(platform.postgres, platform.folder / "postgres-17")
    platform.start("postgres")
    assert major(platform) == "17"
    return done


def major(platform: Platform) -> str:
    [(version,)] = platform.query("SHOW server_version")
    return str(version).partition(".")[0]


@pytest.mark.timeout(400)
def test_runs_go_on_after_the_database_became_another_version(
    platform: Platform, elsewhere: Elsewhere
) -> None:
    client = platform.client
    theirs = elsewhere.create()
    follower = follow(platform, elsewhere.url(theirs))
    await_first_look(platform, follower)
    repo = client.create_repo("upgrade")
    client.commit(repo, {"main.tf": CODE})
    first, second, third = (
        client.create_stack(f"upgrade-{number}", repo, platform.pool)
        for number in range(3)
    )
    planned = client.trigger(first)
    client.wait_for(first, planned, "UNCONFIRMED", seconds=90)
    behind_it = client.trigger(first)
    performed = client.task(second, SLOW)
    client.wait_for(second, performed, "PERFORMING")
    waiting = client.task(third, "echo was-waiting")
    client.wait_for(third, waiting, "READY", "QUEUED")

    with weathered(platform):
        pushed = upgrade(platform, lambda: elsewhere.commit(theirs))
        await_run(platform, follower, pushed)
        client.wait_for(second, performed, "FINISHED", seconds=90)
        log = b"".join(client.log(second, performed).values()).decode()
        assert "".join(f"slow-line-{i}\n" for i in range(1, LINES + 1)) in log
        client.wait_for(third, waiting, "FINISHED", seconds=90)
        assert client.run(first, planned)["state"] == "UNCONFIRMED"
        client.act("runConfirm", first, planned)
        client.wait_for(first, planned, "FINISHED", seconds=90)
        client.wait_for(first, behind_it, "FINISHED", seconds=90)  # nothing to change
        made_after = client.task(third, "echo made-after")
        client.wait_for(third, made_after, "FINISHED", seconds=90)
