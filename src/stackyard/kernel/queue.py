"""The eight queues, with SQS's semantics whoever carries them.

At least once: a message that is received is hidden for a while, and comes back
unless it is acknowledged. After `MAX_RECEIVES` it goes to the dead letters. A FIFO
queue keeps the order within a group, and gives out one message of a group at a time.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

MAX_RECEIVES: Final = 3


class Queue(StrEnum):
    ASYNC = "async"
    ASYNC_FIFO = "async-fifo"
    CRONJOBS = "cronjobs"
    DLQ = "dlq"
    DLQ_FIFO = "dlq-fifo"
    EVENTS_INBOX = "events-inbox"
    IOT = "iot"
    WEBHOOKS = "webhooks"

    @property
    def fifo(self) -> bool:
        return self in {Queue.ASYNC_FIFO, Queue.DLQ_FIFO}

    @property
    def dead_letters(self) -> "Queue":
        """Return where a message goes that nobody could handle."""
        return Queue.DLQ_FIFO if self.fifo else Queue.DLQ

    @property
    def setting(self) -> str:
        """Return the variable that names this queue where it is one of SQS."""
        return f"MESSAGE_QUEUE_SQS_{self.name}_URL"


DEAD: Final = frozenset({Queue.DLQ, Queue.DLQ_FIFO})


@dataclass(frozen=True, slots=True)
class Message:
    """One delivery. The receipt is good for this delivery only.

    `receives` counts deliveries, `returns` those of them that were given back, which
    don't count towards `MAX_RECEIVES`. A dead letter says where it came from and why.
    Where the body was too large for a queue, `claim` is the key of its object.
    """

    id: str
    queue: Queue
    body: dict[str, Any]
    group: str | None
    receipt: str
    receives: int
    returns: int = 0
    origin: Queue | None = None
    reason: str | None = None
    claim: str | None = None


class Sender(Protocol):
    async def send(
        self,
        queue: Queue,
        body: dict[str, Any],
        *,
        group: str | None = None,
        deduplication: str | None = None,
        delay_seconds: float = 0,
    ) -> None:
        """Enqueue *body*. FIFO queues need a *group*.

        The same *deduplication* id within five minutes is taken as the same message;
        in a FIFO queue, the same within its group. A message with a delay joins its
        queue, or its group's order, when it is due.
        """


class Receiver(Protocol):
    async def receive(
        self, queue: Queue, *, limit: int, visibility_seconds: float
    ) -> list[Message]:
        """Take up to *limit* messages and hide them; may be none."""

    async def extend(self, message: Message, *, visibility_seconds: float) -> bool:
        """Hide the message for longer; False if the receipt is no longer good."""

    async def acknowledge(self, message: Message) -> bool:
        """Forget the message; False if the receipt is no longer good."""

    async def give_back(self, message: Message, *, delay_seconds: float) -> bool:
        """Let it be received again after a delay; False if the receipt is stale.

        That it was received is not held against it: who gives a message back says
        that the fault is not the message's.
        """

    async def bury(self, message: Message, *, reason: str) -> bool:
        """Move it to the dead letters now; False if the receipt is stale.

        A dead letter that is buried again is kept where it is, for a person to see,
        and is not received any more.
        """


class Source(Receiver, Protocol):
    """A receiver that a consumer can wait at."""

    async def wait(self, queue: Queue) -> None:
        """Return when there may be something to receive; early rather than late."""
