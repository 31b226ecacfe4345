"""The schema that migrations make, on a real database."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from tests.support.postgres import administer, clone_name

import stackyard.composition  # noqa: F401 - every table is declared below it
from stackyard.adapters.postgres.migrate import SchemaRightError, upgrade
from stackyard.kernel.orm import Entity

UNINDEXED = """
SELECT constraints.conrelid::regclass || '.' || constraints.conname
FROM pg_constraint AS constraints
WHERE constraints.contype = 'f' AND NOT EXISTS (
  SELECT FROM pg_index AS indexes
  WHERE indexes.indrelid = constraints.conrelid AND indexes.indpred IS NULL
    AND constraints.conkey <@ (
      (indexes.indkey::int2[])[0:cardinality(constraints.conkey) - 1]
    )
)
"""


@pytest.fixture
def empty(postgres_port: int) -> Iterator[str]:
    """A database with nothing in it."""
    name = clone_name()
    administer(postgres_port, f"CREATE DATABASE {name}")
    yield f"postgresql://postgres@127.0.0.1:{postgres_port}/{name}"
    administer(postgres_port, f"DROP DATABASE {name} WITH (FORCE)")


def test_the_migrations_make_exactly_what_the_models_say(empty: str) -> None:
    upgrade(empty)

    engine = create_engine(empty.replace("://", "+psycopg://"), poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Entity.metadata) == []


def test_every_foreign_key_has_an_index(empty: str) -> None:
    upgrade(empty)

    with psycopg.connect(empty) as connection:
        assert connection.execute(UNINDEXED).fetchall() == []


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
        "import sys; from stackyard.adapters.postgres.migrate import upgrade;"
        f"upgrade({empty!r}); print('alembic' in sys.modules)"
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
    try:
        with pytest.raises(SchemaRightError, match="GRANT ALL ON SCHEMA public"):
            upgrade(empty.replace("postgres@", f"{user}@"))
    finally:
        administer(postgres_port, f"DROP ROLE {user}")
