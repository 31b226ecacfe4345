"""What is on its way to an endpoint that somebody named, and what became of it.

Pure. Whose endpoint it is, and how long that is tried, is said by the slices that send.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.webhooks import signatures

# Longer than one try may take: what was claimed by a drain that died is due again.
LEASE: Final = timedelta(seconds=60)
PATIENCE: Final = timedelta(hours=24)  # after which a delivery is given up
LOG_KEPT: Final = timedelta(days=1)
POST_SECONDS: Final = 10.0
_LONGEST_PAUSE: Final = 300.0
_LONGEST_PROBLEM: Final = 500
_JSON: Final = {"Content-Type": "application/json", "User-Agent": "stackyard"}


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"  # the webhook was disabled or deleted meanwhile


class DeliveryFields:
    """Something to be sent, and when it is over, what became of it: the log."""

    id: Mapped[str] = mapped_column(primary_key=True)
    about: Mapped[str]  # what happened: nothing is told twice
    body: Mapped[str]
    state: Mapped[DeliveryState]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int]
    status: Mapped[int | None]  # of the last answer
    problem: Mapped[str | None]  # why there was none
    ended_at: Mapped[datetime | None]

    def lend(self, *, at: datetime) -> None:
        """Leave it to whoever sends it now; if they die, it is due again."""
        self.due_at = at + LEASE

    def answered(self, status: int, *, at: datetime) -> None:
        self.attempts += 1
        self.status, self.problem = status, None
        self.end(DeliveryState.DELIVERED, at=at)

    def failed(
        self,
        status: int | None,
        problem: str,
        *,
        again_at: datetime | None,
        at: datetime,
    ) -> None:
        """Try again at *again_at*, unless that has gone on for too long."""
        self.attempts += 1
        self.status, self.problem = status, problem[:_LONGEST_PROBLEM]
        if again_at is None or at - self.created_at > PATIENCE:
            self.end(DeliveryState.FAILED, at=at)
        else:
            self.due_at = again_at

    def end(self, state: DeliveryState, *, at: datetime) -> None:
        self.state, self.ended_at = state, at


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request, as it is sent. Its headers may hold secrets, its URL as well."""

    id: str
    url: str = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    @classmethod
    def signed(
        cls,
        delivery_id: str,
        url: str,
        body: str,
        *,
        secret: bytes,
        headers: Mapping[str, str],
    ) -> "Outgoing":
        sent = body.encode(errors="replace")
        carried = {**_JSON, **headers, **signatures(sent, secret)}
        return cls(delivery_id, url, sent, carried)


def pause_after(failures: int) -> timedelta:
    """Return for how long an endpoint is let alone: 2, 4, 8 … seconds."""
    return timedelta(seconds=min(_LONGEST_PAUSE, 2.0 ** min(failures, 10)))
