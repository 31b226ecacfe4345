"""The database's shape: what migrations make is what the code expects, and indexed."""

import asyncio

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from tests.support.postgres import administer, clone_name

import stackyard.composition  # noqa: F401 - every table is declared below it
from stackyard.adapters.postgres.migrate import upgrade
from stackyard.kernel.orm import Entity


async def test_the_migrations_make_exactly_the_tables_of_the_code(
    postgres_port: int,
) -> None:
    name = clone_name()
    administer(postgres_port, f"CREATE DATABASE {name}")
    url = f"postgresql://postgres@127.0.0.1:{postgres_port}/{name}"
    try:
        # all at once, as processes that start together do
        await asyncio.gather(
            *(asyncio.to_thread(upgrade, url, after=True) for _ in range(4))
        )
        engine = create_engine(url.replace("://", "+psycopg://"), poolclass=NullPool)
        with engine.connect() as connection:
            context = MigrationContext.configure(connection)
            differences = compare_metadata(context, Entity.metadata)
    finally:
        administer(postgres_port, f"DROP DATABASE {name} WITH (FORCE)")
    ours = [one for one in differences if "alembic_version" not in str(one)]
    assert ours == []


async def test_every_foreign_key_is_served_by_an_index(database_url: str) -> None:
    engine = create_engine(
        database_url.replace("://", "+psycopg://"), poolclass=NullPool
    )
    with engine.connect() as connection:
        unserved = connection.execute(
            text(
                """
                SELECT c.conrelid::regclass::text, c.conname
                FROM pg_constraint c
                WHERE c.contype = 'f' AND NOT EXISTS (
                    SELECT FROM pg_index i
                    WHERE i.indrelid = c.conrelid AND i.indpred IS NULL
                      AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey
                      AND c.conkey @> (i.indkey::int2[])[0:cardinality(c.conkey) - 1]
                )
                """
            )
        ).all()
    assert unserved == []
