"""What went through the built-in queue, counted where it was committed.

As SQS counts: what somebody asked for, not what the queue does by itself. A message
that goes to the dead letters, that expires or is replayed was neither sent nor deleted.
"""

from collections import Counter as Tally
from dataclasses import dataclass, field
from typing import Final, Self

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

from stackyard.kernel.metrics import NO_METRICS, Counter, Instrument, Metrics
from stackyard.kernel.queue import Queue

_PENDING: Final = "stackyard.queue.pending"


def _of_queues(name: str, meaning: str) -> Instrument:
    return Instrument(f"postgres_queue.messages.{name}", meaning, "queue", tuple(Queue))


SENT: Final = _of_queues("sent", "committed to the queue")
RECEIVED: Final = _of_queues("received", "given to a consumer, each time")
CHANGED_VISIBILITY: Final = _of_queues(
    "changed_visibility", "hidden for longer by a heartbeat, or given back"
)
DELETED: Final = _of_queues("deleted", "acknowledged")
TOTAL: Final = _of_queues("total", "in the queue, whatever their state")
VISIBLE: Final = _of_queues("visible", "in the queue, and neither hidden nor delayed")
COUNTERS: Final = (SENT, RECEIVED, CHANGED_VISIBILITY, DELETED)
GAUGES: Final = (TOTAL, VISIBLE)


@dataclass(frozen=True, slots=True)
class Traffic:
    sent: Counter
    received: Counter
    changed_visibility: Counter
    deleted: Counter
    counted: bool

    @classmethod
    def of(cls, metrics: Metrics) -> Self:
        return cls(
            metrics.counter(SENT),
            metrics.counter(RECEIVED),
            metrics.counter(CHANGED_VISIBILITY),
            metrics.counter(DELETED),
            counted=metrics.interval_seconds is not None,
        )

    def will_be_sent(self, session: AsyncSession, queue: Queue) -> None:
        """Count a message if, and when, the transaction that it is in is committed."""
        if self.counted:
            _Pending.of(session.sync_session, self.sent).add(queue)


UNCOUNTED: Final = Traffic.of(NO_METRICS)


@dataclass(slots=True)
class _Pending:
    """What a session has sent and not committed, by transaction and savepoint.

    A savepoint's end looks like a commit to who listens: what was sent in it then
    belongs to whatever it is in. What is rolled back is never heard of again.
    """

    session: Session
    sent: Counter
    tallies: dict[SessionTransaction, Tally[Queue]] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session, sent: Counter) -> "_Pending":
        found: _Pending | None = session.info.get(_PENDING)
        if found is None:
            found = session.info[_PENDING] = cls(session, sent)
            event.listen(session, "after_commit", found._committed)
        return found

    def add(self, queue: Queue) -> None:
        if (innermost := self._innermost()) is not None:
            self.tallies.setdefault(innermost, Tally())[queue] += 1

    def _innermost(self) -> SessionTransaction | None:
        session = self.session
        return session.get_nested_transaction() or session.get_transaction()

    def _committed(self, _session: Session) -> None:
        innermost = self._innermost()
        if innermost is None:
            return
        tally = self.tallies.pop(innermost, Tally())
        if innermost.nested and innermost.parent is not None:
            self.tallies.setdefault(innermost.parent, Tally()).update(tally)
            return
        for queue, amount in tally.items():
            self.sent.add(queue, amount)
