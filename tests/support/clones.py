"""A database and a whole server for all tests of a file, each of which leaves no trace.

`everybody` takes a second to make; a savepoint takes none.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.asking import Asking, everybody
from tests.support.postgres import cloned


@asynccontextmanager
async def everybody_in_a_clone(
    port: int, template: str, folder: Path
) -> AsyncIterator[Asking]:
    with cloned(port, template) as url:
        async with everybody(url, folder) as asking:
            yield asking
