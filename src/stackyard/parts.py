"""What a unit of work is made of, before there is any slice's service in it.

Also the audit trail, which all of these tell what they do.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.audit import (
    Audit,
    AuditStore,
    AuditTrail,
    Refusal,
    Sealing,
    WatchedAccess,
    Webhooks,
    WebhookStore,
)
from stackyard.kernel.blobs import Blobs
from stackyard.kernel.clock import Clock
from stackyard.kernel.events import Outbox
from stackyard.kernel.secrets import Vault
from stackyard.kernel.site import Site
from stackyard.kernel.tokens import Tokens
from stackyard.spaces import SpaceAccess
from stackyard.workers import Courier, Endpoints, Signer


class QueueUpkeep(Protocol):
    async def sweep(self) -> None:
        """Forget what the queue need not remember any more."""


@dataclass(frozen=True, slots=True)
class Means:
    """What lives as long as the process, and every unit may use."""

    blobs: Blobs
    vault: Vault
    tokens: Tokens
    signer: Signer
    endpoints: Endpoints
    site: Site
    clock: Clock
    handover: timedelta
    follow_every: timedelta


@dataclass(frozen=True)
class Parts:
    """The base of `unit.Unit`: one transaction, and what may be done in it."""

    session: AsyncSession
    outbox: Outbox
    courier: Courier
    queue_upkeep: QueueUpkeep
    means: Means
    refusals: list[Refusal] = field(default_factory=list)  # what was refused in it

    @cached_property
    def access(self) -> SpaceAccess:
        return WatchedAccess(self.session, refusals=self.refusals)

    @property
    def clock(self) -> Clock:
        return self.means.clock

    @cached_property
    def trail(self) -> AuditTrail:
        return AuditTrail(
            AuditStore(self.session), self.outbox, self.clock, self.access.roles_of
        )

    @cached_property
    def audit(self) -> Audit:
        return Audit(AuditStore(self.session), self.access)

    @cached_property
    def audit_sealing(self) -> Sealing:
        return Sealing(
            AuditStore(self.session),
            WebhookStore(self.session),
            self.access,
            self.outbox,
            self.clock,
            self.means.site,
        )

    @cached_property
    def audit_webhooks(self) -> Webhooks:
        return Webhooks(
            WebhookStore(self.session),
            AuditStore(self.session),
            self.trail,
            self.access,
            self.outbox,
            self.means.vault,
            self.clock,
            self.means.site,
        )
