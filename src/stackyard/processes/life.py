"""What every process does in its life: wait for the database, work, stop in order."""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, NoReturn

import psycopg
import structlog
import uvloop
from sqlalchemy.exc import DBAPIError

from stackyard.adapters.postgres.dial import Connection
from stackyard.adapters.postgres.schema import (
    SchemaLockedError,
    SchemaRightError,
    ensure_schema,
)
from stackyard.adapters.postgres.version import DatabaseVersionError
from stackyard.http.condition import Condition
from stackyard.kernel.database_url import DatabaseUrl
from stackyard.settings import DatabasePart

log = structlog.get_logger()

PATIENCE_SECONDS: Final = 120.0
NOT_READY: Final = 1  # worth another start
REFUSED: Final = 2  # as for settings: another start would end as this one


def run_to_end(main: Coroutine[Any, Any, None]) -> None:
    """Run a process on uvloop: what waits on sockets all day wants a lean loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def prepare_database(
    settings: DatabasePart, *, after: bool = False, patience: float = PATIENCE_SECONDS
) -> None:
    """Return when the database answers and its schema is what this code needs.

    Where that does not come about, say why in one line and end the process.
    """
    for name, url in settings.database_urls.items():
        if url.ignored:
            log.warning("database.options_ignored", variable=name, options=url.ignored)
    try:
        await wait_for_database(settings.database_url, seconds=patience)
        await wait_for_database(settings.direct_database, seconds=patience)
        await asyncio.to_thread(ensure_schema, settings.direct_database, after=after)
    except (psycopg.OperationalError, SchemaLockedError) as error:
        _give_up(error)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        _give_up(error)
    except (DatabaseVersionError, SchemaRightError) as error:
        log.critical("database.refused", reason=str(error))
        sys.exit(REFUSED)


def _give_up(error: Exception) -> NoReturn:
    log.critical("database.not_ready", reason=_first_line(error))
    sys.exit(NOT_READY)


async def wait_for_database(
    url: DatabaseUrl, *, seconds: float = PATIENCE_SECONDS
) -> None:
    """Return when the database answers; raise its error if it does not in time."""
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + seconds, 0.1
    while True:
        try:
            connection = await Connection.dial(url)
        except psycopg.OperationalError as error:
            if loop.time() > deadline:
                raise
            log.info("database.awaited", reason=_first_line(error))
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
            pause = min(2.0, pause * 2)
        else:
            await connection.close()
            return


async def say_if_deaf(url: DatabaseUrl) -> None:
    """Warn, once for all that listens, where nothing will be heard."""
    connection = await Connection.dial(url)
    await connection.close()
    if connection.pooled:
        log.warning(
            "database.pooled",
            effect="polls instead of listening",
            remedy="set STACKYARD_DATABASE_DIRECT_URL to an address past the pooler",
        )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def stop_signal() -> asyncio.Event:
    """Return an event that SIGTERM or SIGINT sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


@asynccontextmanager
async def in_background(*duties: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run exclusive duties beside the body; one that fails ends the process."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(duty) for duty in duties]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def serve_probes(condition: Condition, port: int) -> None:
    """Answer a cluster's probes until cancelled."""
    from stackyard.http.health import instrumentation_app  # noqa: PLC0415 - as below
    from stackyard.processes.serving import (  # noqa: PLC0415 - only if it is asked for
        http_server,
    )

    app = instrumentation_app(condition)
    await http_server(app, "0.0.0.0", port).serve()  # noqa: S104 - the cluster's
