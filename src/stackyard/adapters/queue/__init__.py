"""The built-in queue: two tables in PostgreSQL, with SQS's semantics.

`PostgresSender` enqueues in the caller's transaction, so the queue is the outbox as
well (`PostgresOutbox`). `PostgresReceiver` takes messages in short transactions of its
own; a `Listener` wakes it, and polling is the truth behind the `Listener`.
"""

from stackyard.adapters.queue.dead_letters import (
    DeadLetter,
    DeadLetterArchive,
    DeadLetters,
    DeadLetterUnknownError,
)
from stackyard.adapters.queue.gauges import DepthGauges
from stackyard.adapters.queue.large import BodyTooLargeError, LargeBodies, Unpacked
from stackyard.adapters.queue.listener import Listener
from stackyard.adapters.queue.outbox import PostgresOutbox
from stackyard.adapters.queue.receiver import PostgresReceiver
from stackyard.adapters.queue.relay import Forwarded, Relay
from stackyard.adapters.queue.sender import PostgresSender
from stackyard.adapters.queue.traffic import UNCOUNTED, Traffic
from stackyard.adapters.queue.upkeep import Depth, QueueUpkeep, QueueVacuum

__all__ = [
    "UNCOUNTED",
    "BodyTooLargeError",
    "DeadLetter",
    "DeadLetterArchive",
    "DeadLetterUnknownError",
    "DeadLetters",
    "Depth",
    "DepthGauges",
    "Forwarded",
    "LargeBodies",
    "Listener",
    "PostgresOutbox",
    "PostgresReceiver",
    "PostgresSender",
    "QueueUpkeep",
    "QueueVacuum",
    "Relay",
    "Traffic",
    "Unpacked",
]
