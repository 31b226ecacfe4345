"""Amazon SQS as the queue: standard and FIFO queues that the operator made.

Nothing is sent to it but by a `Relay`, from the outbox, and what is buried. Imported
only where SQS is chosen: the client library takes a while, and memory.
"""

from stackyard.adapters.sqs.connection import (
    SqsConnection,
    SqsRefusedError,
    SqsUnavailableError,
)
from stackyard.adapters.sqs.receiver import SqsReceiver

__all__ = [
    "SqsConnection",
    "SqsReceiver",
    "SqsRefusedError",
    "SqsUnavailableError",
]
