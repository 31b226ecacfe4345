"""The composition root: the one module that knows every concrete class."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self

from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.adapters.blobs import AwsRegion, S3Blobs, S3Endpoint
from stackyard.adapters.crypto import RsaTokens, open_vault
from stackyard.adapters.crypto.authority import Authority, open_authority
from stackyard.adapters.expressions import CelExpressions
from stackyard.adapters.federation import (
    IdTokens,
    OidcSignIn,
    Providers,
    SamlSignIn,
)
from stackyard.adapters.git import GitMirrors
from stackyard.adapters.mqtt import BrokerCourier
from stackyard.adapters.outbound import GuardedHttp
from stackyard.adapters.postgres import Database, Reading
from stackyard.adapters.queue import (
    LargeBodies,
    PostgresOutbox,
    PostgresSender,
    QueueUpkeep,
    QueueVacuum,
    Traffic,
)
from stackyard.audit import (
    AuditTrail,
    Refusal,
    Webhooks,
    WebhookSetup,
    watching,
)
from stackyard.blueprints import Expressions
from stackyard.evaluations import Evaluations
from stackyard.identity import (
    Authenticator,
    Factors,
    KeyExchange,
    Passport,
    Sessions,
    SignIn,
    SignOnFlow,
    Stores,
)
from stackyard.identity import Providers as SignOnProviders
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.blobs import Blobs
from stackyard.kernel.clock import system_clock
from stackyard.kernel.ids import RunId
from stackyard.kernel.links import SealedLinks
from stackyard.kernel.metrics import Metrics
from stackyard.kernel.needs import ensure_declared, services_of
from stackyard.kernel.queue import Sender
from stackyard.local_workspaces import LocalWorkspaces
from stackyard.log_files import LogFiles
from stackyard.module_code import ModuleCode
from stackyard.provider_files import ProviderFiles
from stackyard.reactions import CHOREOGRAPHY, Tools
from stackyard.settings import DrainSettings, ServerSettings
from stackyard.state_files import StateFiles, StateLinks
from stackyard.unit import Means, Unit
from stackyard.vcs import Contents, Heads, Pushes, Repositories, Upkeep
from stackyard.workers import Endpoints

# Services that open their own units of work.
LONG_LIVED: Final = (
    Authenticator,
    Contents,
    Factors,
    Heads,
    KeyExchange,
    Pushes,
    Sessions,
    SignIn,
    SignOnFlow,
    Upkeep,
    WebhookSetup,
)


@dataclass(frozen=True, slots=True)
class Platform:
    """Everything that lives as long as a server or a drain."""

    settings: ServerSettings | DrainSettings
    database: Database
    reading: Reading
    authority: Authority
    means: Means
    mirrors: GitMirrors
    traffic: Traffic
    providers: Providers
    saml: SamlSignIn
    expressions: Expressions

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: ServerSettings | DrainSettings,
        *,
        cache: str,
        metrics: Metrics,
    ) -> AsyncIterator[Self]:
        """Put the parts together; *cache* is the process's own folder of clones.

        Raises `UndeclaredError` for use cases that are open to nobody.
        """
        ensure_declared(*services_of(Unit), *LONG_LIVED)
        clock = system_clock
        database = Database.connect(settings.database_url)
        reading = Reading(database, connect_replica(settings))
        try:
            async with database.transaction() as session:
                vault = await open_vault(session, settings.rsa_private_key, clock=clock)
                authority = await open_authority(session, vault, clock=clock)
            blobs = connect_blobs(settings)
            means = Means(
                blobs=blobs,
                vault=vault,
                tokens=RsaTokens.of(settings.rsa_private_key, clock=clock),
                signer=authority,
                endpoints=Endpoints(
                    api=settings.site.base_url,
                    broker=f"tls://{settings.mqtt_broker_endpoint}",
                    authority=authority.certificate_pem,
                ),
                site=settings.site,
                clock=clock,
                handover=timedelta(seconds=settings.stackyard_handover_seconds),
                follow_every=timedelta(seconds=settings.stackyard_git_poll_seconds),
            )
            folder = settings.stackyard_cache_folder / cache
            mirrors = await asyncio.to_thread(GitMirrors.open_at, folder, blobs)
            try:
                traffic = Traffic.of(metrics)
                yield cls(
                    settings,
                    database,
                    reading,
                    authority,
                    means,
                    mirrors,
                    traffic,
                    Providers(guarded_http(settings), clock),
                    SamlSignIn(settings.site, guarded_http(settings), clock),
                    CelExpressions(),
                )
            finally:
                mirrors.close()
        finally:
            await database.close()
            if reading.replica:
                await reading.replica.close()

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Unit]:
        async with (
            watching(self._trail) as refusals,
            self.database.transaction() as session,
        ):
            yield self._unit_on(session, refusals)

    @asynccontextmanager
    async def list_unit(self) -> AsyncIterator[Unit]:
        """Be a unit for lists: it cannot write, and may be a little behind."""
        async with self.reading.transaction() as session:
            yield self._unit_on(session, [])

    @asynccontextmanager
    async def _trail(self) -> AsyncIterator[AuditTrail]:
        async with self.database.transaction() as session:
            yield self._unit_on(session, []).trail

    def _unit_on(self, session: AsyncSession, refusals: list[Refusal]) -> Unit:
        return Unit(
            session,
            PostgresOutbox(
                session, CHOREOGRAPHY.routes, self.large_bodies, self.traffic
            ),
            BrokerCourier(session),
            QueueUpkeep(session),
            self.means,
            refusals,
        )

    @asynccontextmanager
    async def repositories(self) -> AsyncIterator[Repositories]:
        async with self.unit() as unit:
            yield unit.repositories

    @asynccontextmanager
    async def audit_webhooks(self) -> AsyncIterator[Webhooks]:
        async with self.unit() as unit:
            yield unit.audit_webhooks

    @property
    def large_bodies(self) -> LargeBodies:
        return LargeBodies(self.means.blobs)

    @property
    def contents(self) -> Contents:
        return Contents(
            self.repositories, self.mirrors, self.means.blobs, self.means.clock
        )

    @property
    def pushes(self) -> Pushes:
        return Pushes(self.contents, self.means.clock)

    @property
    def heads(self) -> Heads:
        return Heads(guarded_http(self.settings))

    @property
    def module_code(self) -> ModuleCode:
        return ModuleCode(self.unit, self.contents, self.heads)

    @property
    def evaluations(self) -> Evaluations:
        return Evaluations(self.unit, self.expressions, self.means.clock)

    @property
    def webhook_setup(self) -> WebhookSetup:
        return WebhookSetup(self.audit_webhooks, guarded_http(self.settings))

    @property
    def foreign_tokens(self) -> IdTokens:
        return IdTokens(self.providers)

    @property
    def sign_on_providers(self) -> SignOnProviders:
        return SignOnProviders(OidcSignIn(self.providers), self.saml)

    @property
    def state_files(self) -> StateFiles:
        return StateFiles(self.unit, self.means.blobs, self.means.vault)

    @property
    def log_files(self) -> LogFiles:
        return LogFiles(self.unit, self.means.blobs)

    @property
    def links(self) -> SealedLinks:
        means = self.means
        return SealedLinks(means.vault, means.clock, means.site.base_url)

    @property
    def state_links(self) -> StateLinks:
        return StateLinks(self.links)

    @property
    def provider_files(self) -> ProviderFiles:
        return ProviderFiles(self.unit, self.means.blobs, self.links)

    @property
    def local_workspaces(self) -> LocalWorkspaces:
        return LocalWorkspaces(self.unit, self.means.blobs)

    @property
    def tools(self) -> Tools:
        """Return what reactions may use."""
        return Tools(
            open_unit=self.unit,
            blobs=self.means.blobs,
            state_files=self.state_files,
            log_files=self.log_files,
            contents=self.contents,
            repository_upkeep=Upkeep(self.contents),
            heads=self.heads,
            poster=guarded_http(self.settings),
            clock=self.means.clock,
            site=self.means.site,
            worker_lease=timedelta(
                seconds=self.settings.stackyard_worker_lease_seconds
            ),
            audit_retention=timedelta(
                days=self.settings.stackyard_audit_retention_days
            ),
            queue_vacuum=QueueVacuum(self.database),
        )

    async def find_passport(self, run_id: RunId) -> Passport | None:
        async with self.unit() as unit:
            return await unit.legs.passport(run_id, by=SYSTEM)

    @asynccontextmanager
    async def stores(self) -> AsyncIterator[Stores]:
        async with self.database.transaction() as session:
            yield Stores.on(session, self._unit_on(session, []).trail)


def guarded_http(settings: ServerSettings | DrainSettings) -> GuardedHttp:
    networks = settings.stackyard_outbound_allowed_networks
    return GuardedHttp.guard(allowed_networks=map(str, networks))


def connect_replica(settings: ServerSettings | DrainSettings) -> Database | None:
    if settings.database_read_only_url is None:
        return None
    return Database.connect(
        settings.database_read_only_url,
        pool_size=5,
        pool_seconds=10,  # there is the primary to go to
    )


def connect_blobs(settings: ServerSettings | DrainSettings) -> Blobs:
    if settings.object_storage_type == "aws" and settings.region:
        return S3Blobs.connect(AwsRegion(settings.region), settings.buckets)
    secret = settings.object_storage_minio_secret_access_key
    endpoint = S3Endpoint(
        address=settings.object_storage_minio_endpoint or "",
        access_key_id=settings.object_storage_minio_access_key_id or "",
        secret_access_key=secret.get_secret_value() if secret else "",
        use_ssl=settings.object_storage_minio_use_ssl,
        allow_insecure=settings.object_storage_minio_allow_insecure,
    )
    return S3Blobs.connect(endpoint, settings.buckets)


@asynccontextmanager
async def open_sender(database: Database, traffic: Traffic) -> AsyncIterator[Sender]:
    """Lend a way to enqueue, for a process that does nothing else."""
    async with database.transaction() as session:
        yield PostgresSender(session, traffic=traffic)
