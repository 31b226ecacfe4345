"""A consumer process for tests that kill it: writes down what it has, and for how long.

Run as `python -m tests.support.consumer <database url> <queue> <batch> [<url in SQS>]`.
"""

import asyncio
import sys
import time
from typing import Any, Final, TypeAlias

from sqlalchemy import text

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import DeadLetterArchive, PostgresReceiver
from stackyard.adapters.sqs import SqsConnection, SqsReceiver
from stackyard.kernel.queue import Message, Queue
from tests.support.elasticmq import REGION
from tests.support.queues import receiver_at

VISIBILITY_SECONDS: Final = 3.0

# Times are of CLOCK_MONOTONIC, which all processes of a machine share. A message that
# was taken is hidden since some moment between the first two.
TABLE: Final = (
    "CREATE TABLE holdings (message text, receipt text, message_group text, n int,"
    " poison bool, asked_at float, taken_at float, done_at float,"
    " PRIMARY KEY (message, receipt))"
)
_BEGIN: Final = text(
    "INSERT INTO holdings"
    " VALUES (:message, :receipt, :group, :n, :poison, :asked_at, :taken_at)"
)
_END: Final = text(
    "UPDATE holdings SET done_at = :done_at"
    " WHERE message = :message AND receipt = :receipt"
)

Receiver: TypeAlias = PostgresReceiver | SqsReceiver


async def handle(
    database: Database, receiver: Receiver, messages: list[Message], asked_at: float
) -> None:
    """Write down that they are ours, and until when. Poison fails as in the drain."""
    times = {"asked_at": asked_at, "taken_at": time.monotonic()}
    async with database.transaction() as session:
        await session.execute(_BEGIN, [_row(one) | times for one in messages])
    async with database.transaction() as session:
        done = {"done_at": time.monotonic()}
        await session.execute(_END, [_row(one) | done for one in messages])
    good = [one for one in messages if not one.body["poison"]]
    if good:
        await receiver.acknowledge_all(good)
    for poison in (one for one in messages if one.body["poison"]):
        await receiver.extend(poison, visibility_seconds=0)


def _row(message: Message) -> dict[str, Any]:
    return {
        "message": message.id,
        "receipt": message.receipt,
        "group": message.group,
        "n": message.body["n"],
        "poison": message.body["poison"],
    }


async def consume(
    database: Database, receiver: Receiver, queue: Queue, batch: int
) -> None:
    waited = False
    while True:
        asked_at = time.monotonic()
        messages = await receiver.receive(
            queue, limit=batch, visibility_seconds=VISIBILITY_SECONDS
        )
        if waited:  # then they may have been hidden for a while
            asked_at = time.monotonic()
            messages = [one for one in messages if await hidden(receiver, one)]
        if messages:
            await handle(database, receiver, messages, asked_at)
        else:
            await receiver.wait(queue)
        waited = not messages


async def hidden(receiver: Receiver, message: Message) -> bool:
    return await receiver.extend(message, visibility_seconds=VISIBILITY_SECONDS)


async def main(url: str, queue: Queue, batch: int, *urls: str) -> None:
    database = Database.connect(url)
    async with receiver_at(url, poll_seconds=1) as receiver:
        if not urls:
            await consume(database, receiver, queue, batch)
        async with (
            SqsConnection.open({queue: urls[0]}, region=REGION) as connection,
            SqsReceiver.open(connection, DeadLetterArchive(database)) as sqs,
        ):
            await consume(database, sqs, queue, batch)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Queue(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]))
