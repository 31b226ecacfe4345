"""A consumer process for tests that kill it: writes down what it handles, then acks.

Run as `python -m tests.support.consumer <database url> <queue> <batch> [<url in SQS>]`.
"""

import asyncio
import sys
from typing import TypeAlias

from sqlalchemy import text

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import DeadLetterArchive, PostgresReceiver
from stackyard.adapters.sqs import SqsConnection, SqsReceiver
from stackyard.kernel.queue import Message, Queue
from tests.support.elasticmq import REGION
from tests.support.queues import receiver_at

TABLE = (
    "CREATE TABLE handled (id bigint GENERATED ALWAYS AS IDENTITY, pid int,"
    " message_group text, n int)"
)
_INSERT = text(
    "INSERT INTO handled (pid, message_group, n)"
    " VALUES (pg_backend_pid(), :message_group, :n)"
)


Receiver: TypeAlias = PostgresReceiver | SqsReceiver


async def handle(
    database: Database, receiver: Receiver, messages: list[Message]
) -> None:
    rows = [
        {"message_group": message.group, "n": message.body["n"]} for message in messages
    ]
    async with database.transaction() as session:
        await session.execute(_INSERT, rows)
    await receiver.acknowledge_all(messages)


async def consume(
    database: Database, receiver: Receiver, queue: Queue, batch: int
) -> None:
    while True:
        messages = await receiver.receive(queue, limit=batch, visibility_seconds=2)
        if messages:
            await handle(database, receiver, messages)
        else:
            await receiver.wait(queue)


async def main(url: str, queue: Queue, batch: int, *urls: str) -> None:
    async with receiver_at(url, poll_seconds=1) as receiver:
        database = receiver.database
        if not urls:
            await consume(database, receiver, queue, batch)
        async with (
            SqsConnection.open({queue: urls[0]}, region=REGION) as connection,
            SqsReceiver.open(connection, DeadLetterArchive(database)) as sqs,
        ):
            await consume(database, sqs, queue, batch)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Queue(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]))
