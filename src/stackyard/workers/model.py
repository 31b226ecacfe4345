"""What a pool and a worker are. Pure."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from stackyard.kernel.ids import LegId, PoolId, SpaceId, WorkerId
from stackyard.kernel.orm import Entity
from stackyard.workers.errors import PoolNameError

LONGEST_NAME = 255
UNLIMITED = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """What people choose; an update replaces all of it."""

    name: str
    description: str | None = None
    labels: tuple[str, ...] = ()
    space_id: SpaceId | None = None  # None: where it is, or the usual one
    drift_detection_run_limit: int | None = None

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > LONGEST_NAME:
            raise PoolNameError(name=self.name[:LONGEST_NAME])


class Pool(Entity):
    """A named set of workers that share a certificate."""

    __tablename__ = "worker_pools"

    id: Mapped[PoolId] = mapped_column(primary_key=True)
    space_id: Mapped[SpaceId] = mapped_column(ForeignKey("spaces.id"), index=True)
    name: Mapped[str]
    description: Mapped[str | None]
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    drift_detection_run_limit: Mapped[int]
    certificate: Mapped[str]
    fingerprint: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    def change(self, wanted: PoolSettings, *, at: datetime) -> None:
        self.name = wanted.name
        self.description = wanted.description
        self.labels = list(wanted.labels)
        limit = wanted.drift_detection_run_limit
        self.drift_detection_run_limit = UNLIMITED if limit is None else limit
        if wanted.space_id is not None:
            self.space_id = wanted.space_id
        self.updated_at = at

    def certify(self, certificate: str, *, at: datetime) -> None:
        """Take a new certificate (PEM); the old one opens nothing from now on."""
        self.certificate = certificate
        read = x509.load_pem_x509_certificate(certificate.encode())
        self.fingerprint = fingerprint(read.public_bytes(Encoding.DER))
        self.updated_at = at

    def public_key(self) -> RSAPublicKey:
        """Return the key that only workers of this pool have the other half of."""
        read = x509.load_pem_x509_certificate(self.certificate.encode())
        key = read.public_key()
        assert isinstance(key, RSAPublicKey)  # noqa: S101 - the signer takes no other
        return key


def fingerprint(certificate: bytes) -> str:
    """Return what a certificate (DER) is known by."""
    return hashlib.sha256(certificate).hexdigest()


@dataclass(frozen=True, slots=True)
class PoolCounts:
    workers: int = 0
    busy: int = 0


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a worker says of itself when it registers."""

    version: str
    metadata: dict[str, str] = field(default_factory=dict)


class Worker(Entity):
    """One slot. Its row is the lease: claimed, extended and freed by statements."""

    __tablename__ = "workers"
    __table_args__ = (
        Index("ix_workers_pool_id_registered_at", "pool_id", "registered_at"),
        Index("ix_workers_seen_at", "seen_at"),
    )

    id: Mapped[WorkerId] = mapped_column(primary_key=True)
    pool_id: Mapped[PoolId] = mapped_column(
        ForeignKey("worker_pools.id", ondelete="CASCADE")
    )
    version: Mapped[str]
    # named so because `metadata` is the mapper's own word
    tags: Mapped[dict[str, str]] = mapped_column(JSONB)
    registered_at: Mapped[datetime]
    available_at: Mapped[datetime | None]  # when it became idle
    seen_at: Mapped[datetime]
    suspect_at: Mapped[datetime | None]
    drained: Mapped[bool]
    leg_id: Mapped[LegId | None] = mapped_column(unique=True)

    @property
    def busy(self) -> bool:
        """Whether it carries out a run, or is about to."""
        return self.leg_id is not None

    @property
    def can_take_a_run(self) -> bool:
        return not (self.busy or self.drained or self.suspect_at)

    def introduce(self, said: Introduction, *, at: datetime) -> None:
        self.version, self.tags = said.version, dict(said.metadata)
        self.see(at=at)

    def see(self, *, at: datetime) -> None:
        self.seen_at, self.suspect_at = at, None

    def is_gone(self, lease: timedelta, *, at: datetime) -> bool:
        """Decide about a worker that was not heard of for a lease.

        Silence is not death: after an outage of the database or of the queue everybody
        was silent. So it is suspected first, and is gone if it was still not heard of
        half a lease later, when a living one would have been.
        """
        if self.suspect_at is None:
            self.suspect_at = at
            return False
        return at - self.suspect_at >= lease / 2


class BrokerPulse(Entity):
    """A server that hears workers. While there is none, their silence says nothing."""

    __tablename__ = "broker_pulses"

    server_id: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    seen_at: Mapped[datetime]
