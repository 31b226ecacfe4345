"""The whole platform on one machine: started in order, kept up, stopped in reverse.

What this will not do: be a way to run Stackyard for many. It has one of everything,
and all of it ends with this process.
"""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from stackyard.embedded import sandbox
from stackyard.embedded.child import Child, Program
from stackyard.embedded.client import Client
from stackyard.embedded.environment import (
    Site,
    make_password,
)
from stackyard.embedded.first_start import ApiKey, ensure_api_key, ensure_pool
from stackyard.embedded.folder import DataFolder
from stackyard.embedded.inheritance import bare, inherited
from stackyard.embedded.postgres import EmbeddedPostgres
from stackyard.embedded.sockets import remove_sockets
from stackyard.embedded.store import PORTS as STORE_PORTS
from stackyard.embedded.store import EmbeddedStore
from stackyard.kernel.errors import UnavailableError

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

T = TypeVar("T")
# None: any free port. The others are what a person would try first.
_PORTS: Final = {
    "http": 1983,
    "mqtt": 1984,
    "postgres": None,
    **dict.fromkeys(f"store.{name}" for name in STORE_PORTS),
}
_LAYERS: Final = (
    {"worker"},
    {"drain", "server"},
    {"store", "postgres"},
)
_POSTGRES_LIGHT: Final = {
    "shared_buffers": "32MB",
    "max_connections": "100",
    "max_logical_replication_workers": "0",
    # every session is a process; whoever listens says something more often than this
    "idle_session_timeout": "60s",
}
_STARTING_SECONDS: Final = 60


class StartError(UnavailableError):
    """The platform did not start. The logs in the data folder say why."""


@dataclass(frozen=True, slots=True)
class Options:
    data: Path
    slots: int = 2
    ports: dict[str, int] = field(default_factory=dict)
    prefer_known_ports: bool = True


@dataclass(frozen=True, slots=True)
class Running:
    """A platform that is up."""

    site: Site
    client: Client
    key: ApiKey
    pool: str
    pids: Callable[[], dict[str, int]]

    @property
    def admin_password(self) -> str:
        return self.site.folder.kept("admin-password", make_password)


class Supervisor:
    def __init__(self, options: Options, tell: Callable[[str], None]) -> None:
        self._options = options
        self._tell = tell
        self._folder = DataFolder(options.data.resolve())
        self._children: list[Child] = []
        self._store_ports: list[int] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Running]:
        """Start everything; when the body ends, however it ends, stop everything."""
        with self._folder.owned():
            try:
                yield await self._start()
            finally:
                # a second Ctrl-C may not leave half of it running
                await asyncio.shield(asyncio.create_task(self._stop()))

    async def _start(self) -> Running:
        site = await self._prepare()
        await self._start_foundation(site)
        async with self._timed("server and drain started"):
            own = site.of_control_plane()
            await self._launch(self._part("server", own))
            # one drain needs no scheduler beside it: it is its own
            own |= {"DRAIN_SCHEDULER_ENABLED": "true"}
            await self._launch(self._part("drain", own))
            client = Client(site.url)
            await self._until(lambda: asyncio.to_thread(client.healthy))
        async with self._timed("API key and worker pool ready"):
            key = await asyncio.to_thread(ensure_api_key, site, client)
            pool, environment = await asyncio.to_thread(ensure_pool, site, client)
        await self._start_worker(environment)
        return Running(site, client, key, pool, self._pids)

    async def _prepare(self) -> Site:
        # first of all: what is left of an earlier start holds its ports
        for name in ("worker", "drain", "server", "store"):
            leftover = Child(
                Program(name, [], {}, grace_seconds=5), self._folder, self._tell
            )
            if await leftover.stop_leftover():
                self._tell(f"stopped what an earlier start had left: {name}")
        place = self._folder.root / "postgres"
        await asyncio.to_thread(EmbeddedPostgres(place, 0).stop_leftover)
        known = _PORTS if self._options.prefer_known_ports else dict.fromkeys(_PORTS)
        ports = self._folder.choose_ports(known, self._options.ports)
        kept = self._folder.kept
        return Site(
            self._folder,
            ports,
            EmbeddedPostgres(
                place, ports["postgres"], kept("database-password", make_password)
            ),
            EmbeddedStore(
                self._folder.root / "store",
                {name: ports[f"store.{name}"] for name in STORE_PORTS},
                "stackyard",
                kept("store-secret", make_password),
            ),
        )

    async def _start_foundation(self, site: Site) -> None:
        """Neither half needs the other, and both take seconds."""
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._start_store(site))
                both.create_task(self._start_database(site))
        except ExceptionGroup as several:
            raise several.exceptions[0] from several

    async def _start_database(self, site: Site) -> None:
        await self._start_postgres(site)
        async with self._timed("database migrated"):
            own = await asyncio.to_thread(site.of_control_plane)  # may make a key
            migrate = [*_python("migrate"), "--after"]  # nothing else runs here
            await self._finish("migrate", migrate, own)

    async def _start_postgres(self, site: Site) -> None:
        server = site.postgres
        async with self._timed(f"PostgreSQL ready on port {server.port}"):
            await asyncio.to_thread(server.prepare)
            command = server.command(**_POSTGRES_LIGHT)
            fast = signal.SIGINT  # SIGTERM would wait for clients to leave
            await self._launch(
                Program("postgres", command, bare(), fast, 15, server.owner)
            )
            await asyncio.to_thread(server.create_database, seconds=_STARTING_SECONDS)

    async def _start_store(self, site: Site) -> None:
        store = site.store
        async with self._timed(f"object store ready on {store.address}"):
            self._store_ports = list(store.ports.values())
            store.prepare()
            environment = bare() | store.environment()
            # it takes long to say goodbye, and loses nothing when it may not
            at_once = signal.SIGKILL
            await self._launch(Program("store", store.command(), environment, at_once))
            making = [sys.executable, "-m", "stackyard.embedded.buckets"]
            await self._finish("buckets", making, site.of_storage())

    async def _finish(
        self, step: str, command: list[str], environment: dict[str, str]
    ) -> None:
        """Run a program to its end; what it took to do the work goes with it."""
        log = self._folder.logs / f"{step}.log"
        log.touch(mode=0o600)
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
            try:
                async with asyncio.timeout(_STARTING_SECONDS * 10):
                    code = await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()
        if code != 0:
            raise StartError(step=step, status=code, log=str(log))

    async def _start_worker(self, environment: dict[str, str]) -> None:
        isolation, warning = await asyncio.to_thread(sandbox.isolation)
        tools, missing = sandbox.tools(self._folder)
        for notice in filter(None, (warning, missing)):
            self._tell(f"NOTE: {notice}")
        settings = {
            "STACKYARD_WORKER_SLOTS": str(self._options.slots),
            "STACKYARD_WORKER_FOLDER": str(self._folder.root / "worker"),
            "STACKYARD_WORKER_GRACE_SECONDS": "5",
        }
        own = inherited() | environment | settings | isolation | tools
        await self._launch(self._part("worker", own))
        self._tell(f"worker started with {self._options.slots} slots")

    def _part(self, process: str, environment: dict[str, str]) -> Program:
        return Program(process, _python(process), environment)

    async def _launch(self, program: Program) -> None:
        child = Child(program, self._folder, self._tell)
        self._children.append(child)
        await child.start()

    async def _until(self, ready: Callable[[], Awaitable[bool]]) -> None:
        deadline = time.monotonic() + _STARTING_SECONDS
        while not await ready():
            if time.monotonic() > deadline:
                raise StartError(step="server", logs=str(self._folder.logs))
            await asyncio.sleep(0.05)

    async def _stop(self) -> None:
        children, self._children = self._children, []
        for layer in _LAYERS:  # what others lean on goes last
            here = [child.stop() for child in children if child.program.name in layer]
            await asyncio.gather(*here)
        remove_sockets(self._store_ports)
        self._tell("everything is stopped")

    def _pids(self) -> dict[str, int]:
        return {c.program.name: c.pid for c in self._children if c.pid is not None}

    def _timed(self, what: str) -> "AbstractAsyncContextManager[None]":
        return _timed(what, self._tell)


@asynccontextmanager
async def _timed(what: str, tell: Callable[[str], None]) -> AsyncIterator[None]:
    began = time.monotonic()
    yield
    tell(f"{what} ({time.monotonic() - began:.1f} s)")


def _python(process: str) -> list[str]:
    return [sys.executable, "-m", "stackyard", process]
