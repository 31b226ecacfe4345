"""Real PostgreSQL, two ways.

`session` is for use cases: one outer transaction, rolled back; what the code
commits is a savepoint. `database` is for edges: a database of its own, cloned from a
template in milliseconds, where commits are commits and tasks run side by side.
"""

import gc
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

import stackyard.composition  # noqa: F401 - every table is declared below it
from stackyard.adapters.postgres import Database
from stackyard.kernel.database_url import DatabaseUrl
from stackyard.kernel.orm import Entity
from tests.support import documents
from tests.support.elasticmq import ElasticMq, running_elasticmq
from tests.support.platform import Platform, logs_of
from tests.support.postgres import (
    CHOSEN,
    MovingUrl,
    administer,
    clone,
    cloned,
    temporary_postgres,
)

TEMPLATE = "stackyard_template"
LONGEST = ("faults", "browser", "platform")  # each file starts a whole platform
MACHINE_S = ("AWS_", "OBSERVABILITY_", "OTEL_", "SPACELIFT_", "STACKYARD_", "TF_")

gc.set_threshold(10_000)  # as our processes do


@pytest.fixture(scope="session")
def postgres_port() -> Iterator[int]:
    with temporary_postgres(fast=True) as server:
        yield server.port


def _url(port: int, name: str) -> str:
    return f"postgresql://postgres@127.0.0.1:{port}/{name}"


@pytest.fixture(scope="session")
async def template(postgres_port: int) -> str:
    """A database with our tables; or with those of other code, in TEST_SCHEMA_OF."""
    administer(postgres_port, f"CREATE DATABASE {TEMPLATE}")
    url = _url(postgres_port, TEMPLATE)
    if code := os.environ.get("TEST_SCHEMA_OF"):
        migrate_with(Path(code), url)
        return TEMPLATE
    engine = create_async_engine(url.replace("://", "+psycopg://"))
    async with engine.begin() as connection:
        await connection.run_sync(Entity.metadata.create_all)
    await engine.dispose()
    return TEMPLATE


def migrate_with(code: Path, url: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "stackyard", "migrate"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(code), "DATABASE_URL": url},
        cwd="/",
        check=True,
        timeout=120,
    )


@pytest.fixture
def database_url(postgres_port: int, template: str) -> Iterator[str]:
    """A database of its own, cloned from the template, dropped afterwards."""
    with cloned(postgres_port, template) as url:
        yield url


@pytest.fixture(scope="session")
def wandering() -> tuple[Database, MovingUrl]:
    url = MovingUrl()
    return Database.connect(cast("DatabaseUrl", url)), url


@pytest.fixture
async def database(
    database_url: str, wandering: tuple[Database, MovingUrl]
) -> AsyncIterator[Database]:
    database, url = wandering
    url.move(database_url)
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def shared(postgres_port: int, template: str) -> AsyncIterator[Database]:
    database = Database.connect(clone(postgres_port, template))
    yield database
    await database.close()


@pytest.fixture
async def session(shared: Database) -> AsyncIterator[AsyncSession]:
    async with shared.engine.connect() as connection, connection.begin() as outer:
        async with AsyncSession(
            bind=connection,
            expire_on_commit=False,
            join_transaction_mode="create_savepoint",
        ) as session:
            yield session
        await outer.rollback()


@pytest.fixture(scope="session")
def elasticmq() -> Iterator[ElasticMq]:
    with running_elasticmq() as server:
        yield server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, or workers wait for the last one's last file."""
    items.sort(key=lambda item: item.path.parent.name not in LONGEST)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure in CI must be understood from its text."""
    report = yield
    platform = item.funcargs.get("platform")
    if report.failed and isinstance(platform, Platform):
        report.sections.append(("Logs of the platform", logs_of(platform)))
    return report


def pytest_report_header() -> str:
    return f"PostgreSQL: {CHOSEN or 'the wheel'}"


def pytest_configure(config: pytest.Config) -> None:
    """Nothing of the machine's own Terraform or cloud set-up reaches a test."""
    for name in list(os.environ):
        if name.startswith(MACHINE_S):
            del os.environ[name]
    config.pluginmanager.register(documents.Reckoning(config))
