"""The HTTP edge as the composition root wires it, on a real database."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from graphql import GraphQLSchema
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.routing import BaseRoute

from stackyard.adapters.crypto import AesVault, RsaTokens
from stackyard.adapters.expressions import CelExpressions
from stackyard.adapters.postgres import Database
from stackyard.adapters.second_factor import PyotpPasswords, WebAuthnPasskeys
from stackyard.audit import WebhookSetup
from stackyard.blueprints import Expressions
from stackyard.evaluations import Evaluations
from stackyard.graphql.context import Means as GraphMeans
from stackyard.graphql.execution import Graph
from stackyard.graphql.schema import build_schema
from stackyard.http.app import build_app
from stackyard.http.cli_login import CliLoginRoutes
from stackyard.http.doors import Doors, Outside
from stackyard.http.graphql import GraphRoute
from stackyard.http.health import health_routes
from stackyard.http.oauth import OauthRoutes
from stackyard.http.second_factor import SecondFactorRoutes
from stackyard.http.session import SessionRoutes
from stackyard.http.sign_on import SignOnRoutes
from stackyard.http.spa import spa_routes
from stackyard.http.wellknown import wellknown_routes
from stackyard.identity import (
    AdminCredentials,
    ApiKey,
    IssuedToken,
    LoginPolicies,
    MembersOnly,
    Passport,
    Providers,
    Stores,
)
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.blobs import Blobs
from stackyard.kernel.caller import Place
from stackyard.kernel.federation import ForeignTokens
from stackyard.kernel.ids import ApiKeyId, RunId
from stackyard.kernel.site import Reach, Site
from stackyard.log_files import LogFiles
from stackyard.plugins import seed_templates
from stackyard.spaces import seed
from stackyard.unit import Means, QueueUpkeep, Unit
from stackyard.workers import Courier, Endpoints, Signer
from tests.support.documents import hear_async
from tests.support.fakes import Clock, MemoryOutbox

SITE = Site("http://stackyard.test", "acme")
ADMIN = AdminCredentials("ada", "correct horse battery staple")
# Nothing behind this edge touches them.
NO_BLOBS = cast("Blobs", None)
NO_COURIER = cast("Courier", None)
NO_SIGNER = cast("Signer", None)
NO_UPKEEP = cast("QueueUpkeep", None)
NOTHING: Any = None


@cache
def rsa_key(number: int = 0) -> rsa.RSAPrivateKey:
    """Return a key, the same for the same *number*: making one is slow."""
    del number
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def _signing() -> RsaTokens:
    return RsaTokens.of(rsa_key(), clock=Clock())


def tokens_at(clock: Clock) -> RsaTokens:
    """Return tokens of the same key always: reading it takes longer than a request."""
    return replace(_signing(), clock=clock)


@cache
def the_schema() -> GraphQLSchema:
    """Return the schema, which no request changes: making it takes a while."""
    return build_schema()


@dataclass
class Edge:
    database: Database
    site: Site = SITE
    admin: AdminCredentials | None = ADMIN
    clock: Clock = field(default_factory=Clock)
    active_runs: dict[str, Passport] = field(default_factory=dict)
    foreign_tokens: ForeignTokens = NOTHING
    providers: Providers = NOTHING
    policies: LoginPolicies = field(default_factory=MembersOnly)
    routes: Sequence[BaseRoute] = ()
    page: Path = Path("/nonexistent")
    audit_webhook: WebhookSetup = NOTHING
    reach: Reach = field(default_factory=Reach)
    expressions: Expressions = field(default_factory=CelExpressions)

    def __post_init__(self) -> None:
        self.tokens = tokens_at(self.clock)
        self.means = Means(
            blobs=NO_BLOBS,
            vault=AesVault(b"\0" * 32),
            tokens=self.tokens,
            signer=NO_SIGNER,
            endpoints=Endpoints(self.site.base_url, "tls://broker:1", ""),
            site=self.site,
            clock=self.clock,
            handover=timedelta(seconds=10),
            follow_every=timedelta(seconds=120),
        )
        self.doors = Doors.of(
            self.stores,
            self.means,
            Outside(
                self._find_passport,
                self.foreign_tokens,
                self.providers,
                WebAuthnPasskeys(self.site),
                PyotpPasswords(self.site),
                self.policies,
                self.unit,
            ),
            operator=self.admin,
        )
        self.sessions = self.doors.identification.sessions
        self.authenticator = self.doors.authenticator
        self.identification = self.doors.identification
        self.graph = Graph(the_schema(), self.unit, self._graph_means())
        self.app = build_app(
            [
                *health_routes(),
                *wellknown_routes(self.tokens, self.site),
                *SessionRoutes(
                    self.identification, self.doors.sign_in, self.doors.key_exchange
                ).routes(),
                *SignOnRoutes(self.identification, self.doors.sign_on).routes(),
                *SecondFactorRoutes(self.identification, self.doors.factors).routes(),
                *CliLoginRoutes(self.identification).routes(),
                *OauthRoutes(self.identification).routes(),
                GraphRoute(self.graph.answer, self.identification).route(),
                *self.routes,
                *spa_routes(self.page),
            ],
            site=self.site,
            uploads_url="https://uploads.example:9000/bucket",
            body_limits={"/small": 10, "/small/not": None},
        )

    def _graph_means(self) -> GraphMeans:
        return GraphMeans(
            state_files=NOTHING,
            state_links=NOTHING,
            log_files=LogFiles(self.unit, NO_BLOBS),
            provider_files=NOTHING,
            contents=NOTHING,
            pushes=NOTHING,
            heads=NOTHING,
            local_workspaces=NOTHING,
            module_code=NOTHING,
            evaluations=Evaluations(self.unit, self.expressions, self.clock),
            audit_webhook=self.audit_webhook,
            key_exchange=self.doors.key_exchange,
            site=self.site,
            clock=self.clock,
            reach=self.reach,
        )

    @asynccontextmanager
    async def stores(self) -> AsyncIterator[Stores]:
        async with self.database.transaction() as session:
            yield Stores.on(session, self.unit_on(session).trail)

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Unit]:
        async with self.database.transaction() as session:
            yield self.unit_on(session)

    def unit_on(self, session: AsyncSession) -> Unit:
        return Unit(session, MemoryOutbox(), NO_COURIER, NO_UPKEEP, self.means)

    async def _find_passport(self, run_id: RunId) -> Passport | None:
        return self.active_runs.get(run_id)

    async def prepare(self) -> None:
        async with self.database.transaction() as session:
            await seed(session, at=self.clock())
            await seed_templates(session, at=self.clock())

    async def key(self, *, admin: bool = True) -> tuple[ApiKey, str]:
        async with self.unit() as unit:
            new = await unit.api_keys.create(name="ci", admin=admin, by=SYSTEM)
        assert new.secret is not None
        return new.key, new.secret

    async def exchange(self, key_id: str, secret: str) -> IssuedToken | None:
        return await self.doors.key_exchange.exchange(
            ApiKeyId(key_id), secret=secret, place=Place("192.0.2.7")
        )

    async def bearer(self, *, admin: bool = True) -> dict[str, str]:
        key, secret = await self.key(admin=admin)
        issued = await self.exchange(key.id, secret)
        assert issued is not None
        return {"authorization": f"Bearer {issued.jwt}"}

    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(
            transport=transport,
            base_url=self.site.base_url,
            timeout=10,
            event_hooks={"response": [hear_async]},
        )
