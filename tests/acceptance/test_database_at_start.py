"""What a process says, and how it ends, when it cannot work with the database."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs
from tests.support.ports import free_port
from tests.support.postgres import administer, clone_name, temporary_postgres

from stackyard.kernel.database_url import DatabaseUrl
from stackyard.processes.life import prepare_database, wait_for_database
from stackyard.settings import MigrateSettings, load

ROOT = Path(__file__).parents[2]
CANARY = "canary-7f3a"


def migrate(url: str, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Run `stackyard migrate`; return its exit status and what it said."""
    ended = subprocess.run(
        [sys.executable, "-m", "stackyard", "migrate", *arguments],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "src"),
            "DATABASE_URL": url,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stderr == ""
    return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()]


@contextmanager
def server(major: str) -> Iterator[str]:
    with temporary_postgres(major, fast=True) as running:
        yield f"postgres://postgres@127.0.0.1:{running.port}/postgres"


def test_postgresql_13_is_refused_in_one_line_with_both_versions() -> None:
    with server("13") as url:
        status, said = migrate(url)
        with psycopg.connect(url) as connection:
            tables = connection.execute("SELECT to_regclass('runs')").fetchone()

    assert status == 2
    [line] = said
    assert (line["event"], line["level"]) == ("database.refused", "critical")
    assert "PostgreSQL 13." in line["reason"]
    assert "14 to 17" in line["reason"]
    assert tables == (None,)


def test_postgresql_18_is_said_to_be_untried_and_works() -> None:
    with server("18") as url:
        status, said = migrate(url)

    assert status == 0
    [warning] = [one for one in said if one["level"] != "info"]
    assert (warning["event"], warning["level"]) == ("database.untried", "warning")
    assert warning["version"].startswith("18.")
    assert said[-1]["event"] == "migrate.finished"


def test_the_missing_right_on_the_schema_is_said_with_its_remedy(
    postgres_port: int,
) -> None:
    user, name = clone_name(), clone_name()
    administer(
        postgres_port,
        f"CREATE ROLE {user} LOGIN",
        f"CREATE DATABASE {name}",
    )
    url = f"postgres://{user}@127.0.0.1:{postgres_port}/{name}"
    with psycopg.connect(url.replace(user, "postgres")) as connection:
        # as it is from 15 on
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    try:
        status, said = migrate(url)
    finally:
        administer(postgres_port, f"DROP DATABASE {name}", f"DROP ROLE {user}")

    assert status == 2
    assert said[-1]["event"] == "database.refused"
    assert "GRANT ALL ON SCHEMA public" in said[-1]["reason"]


def test_unknown_options_are_named_once_and_a_wrong_url_is_not_repeated(
    database_url: str,
) -> None:
    _, said = migrate(f"{database_url}?pool_max_conns={CANARY}&x-y=1")
    [warning] = [one for one in said if one["level"] == "warning"]
    assert warning["variable"] == "DATABASE_URL"
    assert warning["options"] == ["pool_max_conns", "x-y"]
    assert CANARY not in str(said)

    status, said = migrate(f"postgres://u:{CANARY}%@db/yard")
    assert status == 2
    [line] = said
    assert line["variable"] == "DATABASE_URL"
    assert CANARY not in str(said)


async def test_a_database_that_never_answers_ends_the_process_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = f"postgres://u:{CANARY}@127.0.0.1:{free_port()}/yard"
    monkeypatch.setenv("DATABASE_URL", url)
    settings = load(MigrateSettings)

    with capture_logs() as said, pytest.raises(SystemExit) as ended:
        await prepare_database(settings, patience=0.2)

    assert ended.value.code == 1
    [line] = [one for one in said if one["log_level"] == "critical"]
    assert line["event"] == "database.not_ready"
    assert "refused" in line["reason"]
    assert CANARY not in str(said)


async def test_a_database_that_does_not_answer_is_waited_for() -> None:
    port = free_port()
    url = DatabaseUrl.parse(f"postgres://u:{CANARY}@127.0.0.1:{port}/yard")
    with pytest.raises(psycopg.OperationalError) as caught:
        await wait_for_database(url, seconds=0.2)
    assert CANARY not in str(caught.value)

    waiting = asyncio.create_task(wait_for_database(url, seconds=60))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    with temporary_postgres(port=port) as running:
        administer(running.port, "CREATE ROLE u LOGIN", "CREATE DATABASE yard")
        async with asyncio.timeout(30):
            await waiting
