"""The HTTP edge as the composition root wires it, on a real database."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import cast

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.routing import BaseRoute

from stackyard.adapters.crypto import AesVault, RsaTokens
from stackyard.adapters.postgres import Database
from stackyard.graphql.context import Means as GraphMeans
from stackyard.graphql.execution import Graph
from stackyard.graphql.schema import build_schema
from stackyard.http.app import build_app
from stackyard.http.authentication import Identification
from stackyard.http.graphql import GraphRoute
from stackyard.http.health import health_routes
from stackyard.http.session import SessionRoutes
from stackyard.http.spa import spa_routes
from stackyard.http.wellknown import wellknown_routes
from stackyard.identity import AdminCredentials, ApiKey, Authenticator, Sessions
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.blobs import Blobs
from stackyard.kernel.ids import RunId
from stackyard.kernel.site import Site
from stackyard.spaces import SpaceAccess, seed
from stackyard.unit import Means, QueueUpkeep, Unit
from stackyard.workers import Courier, Endpoints, Signer
from tests.support.fakes import Clock, MemoryOutbox

SITE = Site("http://stackyard.test", "acme")
ADMIN = AdminCredentials("ada", "correct horse battery staple")
# Nothing behind this edge touches them.
NO_BLOBS = cast("Blobs", None)
NO_COURIER = cast("Courier", None)
NO_SIGNER = cast("Signer", None)
NO_UPKEEP = cast("QueueUpkeep", None)
NO_MEANS = cast("GraphMeans", None)


@cache
def rsa_key(number: int = 0) -> rsa.RSAPrivateKey:
    """Return a key, the same for the same *number*: making one is slow."""
    del number
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Edge:
    database: Database
    site: Site = SITE
    admin: AdminCredentials | None = ADMIN
    clock: Clock = field(default_factory=Clock)
    active_runs: set[str] = field(default_factory=set)
    routes: Sequence[BaseRoute] = ()
    page: Path = Path("/nonexistent")
    graph_means: GraphMeans = NO_MEANS

    def __post_init__(self) -> None:
        self.tokens = RsaTokens.of(rsa_key(), clock=self.clock)
        self.sessions = Sessions(self.database.transaction, self.clock, self.admin)
        self.authenticator = Authenticator(
            self.database.transaction,
            self.tokens,
            self.site,
            self.clock,
            self._run_is_active,
        )
        self.identification = Identification(
            self.authenticator, self.sessions, self.site
        )
        self.graph = Graph(build_schema(), self.unit, self.graph_means)
        self.app = build_app(
            [
                *health_routes(),
                *wellknown_routes(self.tokens, self.site),
                *SessionRoutes(self.identification).routes(),
                GraphRoute(self.graph.answer, self.identification).route(),
                *self.routes,
                *spa_routes(self.page),
            ],
            site=self.site,
            uploads_url="https://uploads.example:9000/bucket",
            body_limits={"/small": 10, "/small/not": None},
        )

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Unit]:
        async with self.database.transaction() as session:
            yield Unit(
                session,
                MemoryOutbox(),
                NO_COURIER,
                NO_UPKEEP,
                Means(
                    access=SpaceAccess(),
                    blobs=NO_BLOBS,
                    vault=AesVault(b"\0" * 32),
                    tokens=self.tokens,
                    signer=NO_SIGNER,
                    endpoints=Endpoints(self.site.base_url, "tls://broker:1", ""),
                    site=self.site,
                    clock=self.clock,
                    handover=timedelta(seconds=10),
                    follow_every=timedelta(seconds=120),
                ),
            )

    async def _run_is_active(self, run_id: RunId) -> bool:
        return run_id in self.active_runs

    async def prepare(self) -> None:
        async with self.database.transaction() as session:
            await seed(session)

    async def key(self, *, admin: bool = True) -> tuple[ApiKey, str]:
        async with self.unit() as unit:
            return await unit.api_keys.create(name="ci", admin=admin, by=SYSTEM)

    async def bearer(self, *, admin: bool = True) -> dict[str, str]:
        key, secret = await self.key(admin=admin)
        async with self.unit() as unit:
            issued = await unit.api_keys.exchange(key.id, secret=secret, by=SYSTEM)
        assert issued is not None
        return {"authorization": f"Bearer {issued.jwt}"}

    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(
            transport=transport, base_url=self.site.base_url, timeout=10
        )
