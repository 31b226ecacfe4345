"""One throw-away PostgreSQL per test session; a database per test that wants one."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

from stackyard.embedded.postgres import EmbeddedPostgres

FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_postgres(folder: Path, **settings: str) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(folder, free_port())
    server.prepare()
    with (folder / "server.log").open("ab") as log:
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
