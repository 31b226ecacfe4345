"""The one endpoint that is told of everything, and what is on its way there. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.audit.errors import WebhookProblemsError
from stackyard.audit.model.entry import Entry, Outcome, microseconds
from stackyard.audit.model.masking import canonical
from stackyard.kernel.access import SubjectKind
from stackyard.kernel.deliveries import DeliveryFields, DeliveryState, pause_after
from stackyard.kernel.ids import new_ulid
from stackyard.kernel.orm import Entity
from stackyard.kernel.secrets import Sealed
from stackyard.kernel.webhooks import (
    MOST_HEADERS,
    endpoint_problems,
    header_problems,
    secret_problems,
)

_SOURCES: Final = {str(SubjectKind.API_KEY): "api"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """What people choose. An empty *secret* keeps the one there is."""

    enabled: bool
    endpoint: str
    include_runs: bool = False
    retry_on_failure: bool = False
    secret: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def ensure_sound(self) -> None:
        """Raise `WebhookProblemsError` with everything that is wrong."""
        problems = endpoint_problems(self.endpoint)
        for name, value in self.headers.items():
            problems += header_problems(name, value)
        if len(self.headers) > MOST_HEADERS:
            problems.append(f"there are more than {MOST_HEADERS} custom headers")
        problems += secret_problems(self.secret)
        if problems:
            raise WebhookProblemsError(*problems)


class Webhook(Entity):
    """`slot` is 1 for the one that there is, and none for those that were deleted.

    A deleted one stays as long as something is on its way to it.
    """

    __tablename__ = "audit_webhooks"

    id: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[int | None] = mapped_column(unique=True)
    endpoint: Mapped[str]
    enabled: Mapped[bool]
    include_runs: Mapped[bool]
    retry_on_failure: Mapped[bool]
    secret: Mapped[Sealed | None] = mapped_column(LargeBinary)
    headers: Mapped[Sealed | None] = mapped_column(LargeBinary)
    updated_at: Mapped[datetime]
    failures: Mapped[int]  # in a row
    paused_until: Mapped[datetime | None]

    @classmethod
    def create(cls) -> Self:
        return cls(id=new_ulid(), slot=1, secret=None, headers=None)

    def change(self, settings: WebhookSettings, *, at: datetime) -> None:
        """Take everything but the secrets, which the vault seals first."""
        self.endpoint = settings.endpoint
        self.enabled = settings.enabled
        self.include_runs = settings.include_runs
        self.retry_on_failure = settings.retry_on_failure
        self.updated_at = at
        self.failures, self.paused_until = 0, None

    def delete(self, *, at: datetime) -> None:
        self.slot, self.enabled, self.updated_at = None, False, at

    def answered(self) -> None:
        self.failures, self.paused_until = 0, None

    def failed(self, *, at: datetime) -> datetime:
        """Let it alone for 2, 4, 8 … seconds; return until when."""
        self.failures += 1
        self.paused_until = at + pause_after(self.failures)
        return self.paused_until


class Delivery(DeliveryFields, Entity):
    """About an entry, by its id, or about a run and its state."""

    __tablename__ = "audit_deliveries"
    __table_args__ = (
        Index(
            "uq_audit_deliveries_webhook_id_about", "webhook_id", "about", unique=True
        ),
        Index("ix_audit_deliveries_state_due_at", "state", "due_at"),
        Index("ix_audit_deliveries_ended_at", "ended_at"),
    )

    webhook_id: Mapped[str] = mapped_column(ForeignKey(Webhook.id, ondelete="CASCADE"))

    @classmethod
    def of(
        cls, webhook: Webhook, about: str, body: str, *, at: datetime, after: str = ""
    ) -> Self:
        """Return what is to be sent, behind the delivery *after*."""
        return cls(
            id=new_ulid(after),
            webhook_id=webhook.id,
            about=about,
            body=body,
            state=DeliveryState.WAITING,
            created_at=at,
            due_at=at,
            attempts=0,
        )


def payload(entry: Entry, *, account: str) -> str:
    """Return what the endpoint is told of *entry*."""
    said: dict[str, Any] = {
        "account": account,
        "action": entry.action,
        "actor": _source(entry),
        "context": {"mutation": entry.mutation} if entry.mutation else {},
        "data": entry.facts,
        "remoteIP": entry.address,
        "timestamp": microseconds(entry.at) // 1_000,
    }
    if entry.actor_roles:
        said["actor_roles"] = entry.actor_roles
    if entry.outcome != Outcome.DONE:
        said["outcome"] = entry.outcome
    return canonical(said)


def run_payload(
    data: Mapping[str, Any], *, actor: str, account: str, at: datetime
) -> str:
    """Return what the endpoint is told of a run that has changed its state."""
    return canonical(
        {
            "account": account,
            "action": "run.state_change",
            "actor": actor,
            "context": {},
            "data": data,
            "remoteIP": "",
            "timestamp": microseconds(at) // 1_000,
        }
    )


def _source(entry: Entry) -> str:
    source = _SOURCES.get(entry.actor_kind, entry.actor_kind)
    return f"{source}::{entry.actor_id}"
