"""The whole server as its process wires it, over one transaction that goes back.

Whatever a request commits is a savepoint of `rewound`, and gone after it. So thousands
of requests find the same world, which was made once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from starlette.applications import Starlette

from stackyard.adapters.crypto import AesVault
from stackyard.adapters.expressions import CelExpressions
from stackyard.adapters.federation import Providers, SamlSignIn
from stackyard.adapters.git import GitMirrors
from stackyard.adapters.postgres import Database, Reading
from stackyard.adapters.queue import Traffic
from stackyard.composition import Platform, guarded_http
from stackyard.processes.server import make_app
from stackyard.settings import ServerSettings
from stackyard.unit import Means
from stackyard.workers import Endpoints
from tests.support.blobs import MemoryBlobs
from tests.support.documents import hear_async
from tests.support.edge import ADMIN, SITE, tokens_at
from tests.support.fakes import Clock
from tests.support.metrics import ReadableMetrics
from tests.support.realm import AUTHORITY


@dataclass(frozen=True, slots=True)
class OneTransaction(Database):
    """Every transaction is a savepoint of the connection's own; one at a time."""

    connection: AsyncConnection
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        session = AsyncSession(
            bind=self.connection,
            expire_on_commit=False,
            join_transaction_mode="create_savepoint",
        )
        async with self.turn, session, session.begin():
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        async with self.transaction() as session:
            yield session

    @asynccontextmanager
    async def rewound(self) -> AsyncIterator[None]:
        """Undo all that happens in here."""
        savepoint = await self.connection.begin_nested()
        try:
            yield
        finally:
            await savepoint.rollback()


class Unmoved(asyncio.Event):
    """A hint that is always there: a stream looks, and goes on to its end."""

    def clear(self) -> None:
        pass


@dataclass
class ClosingLive:
    """Streams end as soon as they have said what there is."""

    closing: bool = True

    @asynccontextmanager
    async def watch(self, topic: str) -> AsyncIterator[asyncio.Event]:
        hint = Unmoved()
        hint.set()
        yield hint


@dataclass
class Whole:
    platform: Platform
    clock: Clock
    database: OneTransaction
    blobs: MemoryBlobs

    def __post_init__(self) -> None:
        self.app: Starlette = make_app(self.platform, ClosingLive())

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url=SITE.base_url,
            timeout=30,
            event_hooks={"response": [hear_async]},
        )


def server_settings(page: Path = Path("/nonexistent")) -> ServerSettings:
    """Return settings as a process would read them, without an environment."""
    return ServerSettings.model_construct(
        admin_username=ADMIN.username,
        admin_password=SecretStr(ADMIN.password),
        stackyard_web_folder=page,
    )


@asynccontextmanager
async def whole(url: str, folder: Path) -> AsyncIterator[Whole]:
    page = folder / "page"
    page.mkdir()
    (page / "index.html").write_text("<!doctype html>")
    clock, blobs, settings = Clock(), MemoryBlobs(), server_settings(page)
    http = guarded_http(settings)
    connected = Database.connect(url)
    mirrors = GitMirrors.open_at(folder / "mirrors", blobs)
    try:
        async with connected.engine.connect() as connection, connection.begin():
            database = OneTransaction(connected.engine, connection)
            means = Means(
                blobs=blobs,
                vault=AesVault(b"\0" * 32),
                tokens=tokens_at(clock),
                signer=AUTHORITY,
                endpoints=Endpoints(SITE.base_url, "tls://broker:1", ""),
                site=SITE,
                clock=clock,
                handover=timedelta(seconds=10),
                follow_every=timedelta(seconds=120),
            )
            platform = Platform(
                settings=settings,
                database=database,
                reading=Reading(database),
                authority=AUTHORITY,
                means=means,
                mirrors=mirrors,
                traffic=Traffic.of(ReadableMetrics()),
                providers=Providers(http, clock),
                saml=SamlSignIn(SITE, http, clock),
                expressions=CelExpressions(),
            )
            yield Whole(platform, clock, database, blobs)
    finally:
        mirrors.close()
        await connected.close()
