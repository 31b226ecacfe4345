"""A database and a whole server for all tests of a file, each of which leaves no trace.

`everybody` takes a second to make; a savepoint takes none.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from tests.support.asking import Asking, everybody
from tests.support.postgres import administer, clone_name


@contextmanager
def cloned(port: int, template: str) -> Iterator[str]:
    """Lend a database of its own; the argument is where, and what it is cloned from."""
    name = clone_name()
    administer(port, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield f"postgresql://postgres@127.0.0.1:{port}/{name}"
    administer(port, f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def everybody_in_a_clone(
    port: int, template: str, folder: Path
) -> AsyncIterator[Asking]:
    with cloned(port, template) as url:
        async with everybody(url, folder) as asking:
            yield asking
