"""What every process does in its life: wait for the database, serve, stop in order."""

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import psycopg
import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp

log = structlog.get_logger()

PATIENCE_SECONDS: Final = 120.0
GRACE_SECONDS: Final = 10


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


class QuietServer(uvicorn.Server):
    """A server that leaves signals to the process it is one part of."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def http_server(app: ASGIApp, host: str, port: int) -> QuietServer:
    return QuietServer(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=75,
            server_header=False,
        )
    )


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
