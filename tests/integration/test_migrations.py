"""How the schema comes about, on a real database."""

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory
from tests.support.postgres import administer, clone_name

from stackyard.adapters.postgres.migrate import (
    MIGRATIONS,
    configuration,
    first_half,
    upgrade,
)
from stackyard.adapters.postgres.schema import SchemaRightError

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "{0}"
down_revision = {1!r}
half = "{2}"


def upgrade():
    {3}
"""


@pytest.fixture
def empty(postgres_port: int) -> Iterator[str]:
    """A database with nothing in it."""
    name = clone_name()
    administer(postgres_port, f"CREATE DATABASE {name}")
    yield f"postgresql://postgres@127.0.0.1:{postgres_port}/{name}"
    administer(postgres_port, f"DROP DATABASE {name} WITH (FORCE)")


class Line:
    """Migrations of a product that is not ours, but run as ours are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "versions").mkdir()
        shutil.copy(MIGRATIONS / "env.py", folder)
        self.count = 0

    def add(self, half: str, *statements: str) -> None:
        body = "\n    ".join(f"op.execute({one!r})" for one in statements)
        self.add_code(half, body)

    def add_code(self, half: str, body: str) -> None:
        before = str(self.count) if self.count else None
        self.count += 1
        text = REVISION.format(self.count, before, half, body)
        (self.folder / "versions" / f"r{self.count}.py").write_text(text)


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path)


def columns(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = 'thing' ORDER BY 1"
        ).fetchall()
    return [row[0] for row in rows]


async def test_many_processes_may_migrate_at_once(empty: str) -> None:
    await asyncio.gather(*(asyncio.to_thread(upgrade, empty) for _ in range(4)))
    upgrade(empty)

    with psycopg.connect(empty) as connection:
        versions = connection.execute("SELECT count(*) FROM alembic_version").fetchone()
    assert versions == (1,)


def test_a_schema_that_is_behind_is_brought_up_to_date(empty: str) -> None:
    with psycopg.connect(empty) as connection:  # as a first start leaves it, cut short
        connection.execute("CREATE TABLE alembic_version (version_num varchar(32))")

    upgrade(empty)

    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (0,)


def test_a_process_that_finds_nothing_to_do_does_not_load_alembic(empty: str) -> None:
    upgrade(empty)
    again = (
        "import sys; from stackyard.adapters.postgres.schema import ensure_schema;"
        f"ensure_schema({empty!r}); print('alembic' in sys.modules)"
    )

    said = subprocess.run(
        [sys.executable, "-c", again],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    ).stdout

    assert said.strip() == "False"


def test_a_user_who_may_not_create_is_told_what_to_grant(
    empty: str, postgres_port: int
) -> None:
    user = clone_name()
    administer(postgres_port, f"CREATE ROLE {user} LOGIN")
    with psycopg.connect(empty) as connection:
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    try:
        with pytest.raises(SchemaRightError, match="GRANT ALL ON SCHEMA public"):
            upgrade(empty.replace("postgres@", f"{user}@"))
    finally:
        administer(postgres_port, f"DROP ROLE {user}")


def test_every_migration_of_ours_says_which_half_it_is_of() -> None:
    directory = ScriptDirectory.from_config(configuration(MIGRATIONS))

    halves = {one.module.half for one in directory.walk_revisions()}
    assert halves <= {"before", "after"}
    assert first_half(directory)


def test_what_the_previous_release_needs_goes_only_when_it_is_told_to(
    empty: str, line: Line
) -> None:
    line.add("before", "CREATE TABLE thing (old int)")
    line.add("before", "ALTER TABLE thing ADD new int")
    line.add("after", "ALTER TABLE thing DROP old")

    upgrade(empty, scripts=line.folder)
    upgrade(empty, scripts=line.folder)
    assert columns(empty) == ["new", "old"]

    upgrade(empty, after=True, scripts=line.folder)
    assert columns(empty) == ["new"]
    upgrade(empty, scripts=line.folder)  # somebody starts again
    assert columns(empty) == ["new"]


def test_the_next_release_first_removes_what_the_one_before_left(
    empty: str, line: Line
) -> None:
    line.add("before", "CREATE TABLE thing (old int, new int)")
    line.add("after", "ALTER TABLE thing DROP old")
    upgrade(empty, scripts=line.folder)
    assert columns(empty) == ["new", "old"]

    line.add("before", "ALTER TABLE thing ADD newer int")
    upgrade(empty, scripts=line.folder)
    assert columns(empty) == ["new", "newer"]


def test_a_revision_that_does_not_say_its_half_is_an_error(
    empty: str, line: Line
) -> None:
    line.add("sometime", "SELECT 1")
    with pytest.raises(ValueError, match="which half"):
        upgrade(empty, scripts=line.folder)


def test_the_previous_release_starts_again_on_the_schema_of_the_next(
    empty: str, line: Line
) -> None:
    line.add("before", "CREATE TABLE thing (id int)")
    line.add("before", "ALTER TABLE thing ADD new int")
    upgrade(empty, scripts=line.folder)

    (line.folder / "versions" / "r2.py").unlink()
    upgrade(empty, scripts=line.folder)
    assert columns(empty) == ["id", "new"]


def test_what_was_done_before_a_failure_stays_done(empty: str, line: Line) -> None:
    line.add("before", "CREATE TABLE thing (id int)")
    line.add("before", "ALTER TABLE thing ADD new int", "SELECT 1 / 0")
    with pytest.raises(Exception, match="division by zero"):
        upgrade(empty, scripts=line.folder)
    assert columns(empty) == ["id"]

    line.count = 1
    line.add("before", "ALTER TABLE thing ADD new int")
    upgrade(empty, scripts=line.folder)
    assert columns(empty) == ["id", "new"]


def test_every_statement_has_a_deadline_below_that_of_managed_databases(
    empty: str, line: Line
) -> None:
    line.add(
        "before",
        "CREATE TABLE thing AS SELECT name, setting::int AS ms FROM pg_settings"
        " WHERE name IN ('statement_timeout', 'lock_timeout')",
    )
    upgrade(empty, scripts=line.folder)

    with psycopg.connect(empty) as connection:
        rows = connection.execute("SELECT name, ms FROM thing").fetchall()
    limits: dict[str, int] = dict(rows)
    assert 0 < limits["lock_timeout"] < limits["statement_timeout"] < 120_000


def test_a_table_that_somebody_holds_is_waited_for_in_short_tries(
    empty: str, line: Line
) -> None:
    line.add("before", "CREATE TABLE thing (id int)")
    upgrade(empty, scripts=line.folder)
    line.add("before", "SET LOCAL lock_timeout = 100", "ALTER TABLE thing ADD new int")
    with psycopg.connect(empty) as holder:
        holder.execute("SELECT * FROM thing")  # and goes on holding it
        migrating = threading.Thread(
            target=upgrade, args=(empty,), kwargs={"scripts": line.folder}
        )
        migrating.start()
        migrating.join(0.5)
        assert migrating.is_alive()
    migrating.join(30)

    assert columns(empty) == ["id", "new"]


async def test_an_index_is_made_concurrently_while_others_wait_for_their_turn(
    empty: str, line: Line
) -> None:
    """Whoever waited for the lock inside a statement would be waited for by it."""
    line.add("before", "CREATE TABLE thing (id int)")
    line.add_code(
        "before",
        "with op.get_context().autocommit_block():\n"
        "        op.execute('SELECT pg_sleep(0.5)')\n"
        "        op.execute('CREATE INDEX CONCURRENTLY by_id ON thing (id)')",
    )
    async with asyncio.timeout(60):
        await asyncio.gather(
            *(asyncio.to_thread(upgrade, empty, scripts=line.folder) for _ in range(4))
        )

    with psycopg.connect(empty) as connection:
        made = connection.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_id'::regclass"
        ).fetchall()
    assert made == [(True,)]
