"""Facts. Named in the past tense, immutable, safe to deliver twice."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    at: datetime


class Outbox(Protocol):
    async def add(self, event: Event, *, delay_seconds: float = 0) -> None:
        """Publish *event* if, and only if, the current transaction commits.

        Who reacts, and in which queue, is the choreography's business. With
        *delay_seconds* no reaction sees it earlier than that.
        """
