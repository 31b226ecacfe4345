"""What every process does in its life: wait for the database, work, stop in order."""

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
import structlog
import uvloop

from stackyard.http.condition import Condition

log = structlog.get_logger()

PATIENCE_SECONDS: Final = 120.0


def run_to_end(main: Coroutine[Any, Any, None]) -> None:
    """Run a process on uvloop: what waits on sockets all day wants a lean loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def wait_for_database(url: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Return when the database answers; raise its error if it does not in time."""
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + seconds, 0.1
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(url, connect_timeout=5):
                return
        except psycopg.OperationalError:
            if loop.time() > deadline:
                raise
            log.info("database.awaited")
            await asyncio.sleep(pause)
            pause = min(2.0, pause * 2)


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
