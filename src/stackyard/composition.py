"""The composition root: the one module that knows every concrete class."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.adapters.blobs import AwsRegion, S3Blobs, S3Endpoint
from stackyard.adapters.crypto import RsaTokens, open_vault
from stackyard.adapters.crypto.authority import Authority, open_authority
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
from stackyard.audit import AuditTrail, Webhooks, WebhookSetup, watching
from stackyard.kernel.access import SYSTEM, Access
from stackyard.kernel.blobs import Blobs
from stackyard.kernel.clock import system_clock
from stackyard.kernel.ids import RunId
from stackyard.kernel.metrics import Metrics
from stackyard.kernel.queue import Sender
from stackyard.reactions import CHOREOGRAPHY, Tools
from stackyard.settings import DrainSettings, ServerSettings
from stackyard.spaces import SpaceAccess
from stackyard.state_files import StateFiles, StateLinks
from stackyard.unit import Means, Unit
from stackyard.vcs import Contents, Heads, Pushes, Repositories, Upkeep
from stackyard.workers import Endpoints


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

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: ServerSettings | DrainSettings,
        *,
        cache: str,
        metrics: Metrics,
    ) -> AsyncIterator[Self]:
        """Put the parts together; *cache* is the process's own folder of clones."""
        clock = system_clock
        database = Database.connect(settings.database_url)
        reading = Reading(database, connect_replica(settings))
        try:
            async with database.transaction() as session:
                vault = await open_vault(session, settings.rsa_private_key, clock=clock)
                authority = await open_authority(session, vault, clock=clock)
            blobs = connect_blobs(settings)
            means = Means(
                access=SpaceAccess(),
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
                    settings, database, reading, authority, means, mirrors, traffic
                )
            finally:
                mirrors.close()
        finally:
            await database.engine.dispose()
            if reading.replica:
                await reading.replica.engine.dispose()

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Unit]:
        async with (
            watching(self.means.access, self._trail) as access,
            self.database.transaction() as session,
        ):
            yield self._unit_on(session, access)

    @asynccontextmanager
    async def list_unit(self) -> AsyncIterator[Unit]:
        """Be a unit for lists: it cannot write, and may be a little behind."""
        async with self.reading.transaction() as session:
            yield self._unit_on(session, self.means.access)

    @asynccontextmanager
    async def _trail(self) -> AsyncIterator[AuditTrail]:
        async with self.database.transaction() as session:
            yield self._unit_on(session, self.means.access).trail

    def _unit_on(self, session: AsyncSession, access: Access) -> Unit:
        return Unit(
            session,
            PostgresOutbox(
                session, CHOREOGRAPHY.routes, self.large_bodies, self.traffic
            ),
            BrokerCourier(session),
            QueueUpkeep(session),
            replace(self.means, access=access),
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
        return Heads(self.outbound)

    @property
    def outbound(self) -> GuardedHttp:
        networks = self.settings.stackyard_outbound_allowed_networks
        return GuardedHttp.guard(allowed_networks=map(str, networks))

    @property
    def webhook_setup(self) -> WebhookSetup:
        return WebhookSetup(self.audit_webhooks, self.outbound)

    @property
    def state_files(self) -> StateFiles:
        return StateFiles(self.unit, self.means.blobs, self.means.vault)

    @property
    def state_links(self) -> StateLinks:
        means = self.means
        return StateLinks(means.vault, means.clock, means.site.base_url)

    @property
    def tools(self) -> Tools:
        """Return what reactions may use."""
        return Tools(
            open_unit=self.unit,
            blobs=self.means.blobs,
            contents=self.contents,
            repository_upkeep=Upkeep(self.contents),
            heads=self.heads,
            poster=self.outbound,
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

    async def run_is_active(self, run_id: RunId) -> bool:
        async with self.unit() as unit:
            return await unit.legs.is_active(run_id, by=SYSTEM)


def connect_replica(settings: ServerSettings | DrainSettings) -> Database | None:
    if settings.database_read_only_url is None:
        return None
    return Database.connect(settings.database_read_only_url, pool_size=5)


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
