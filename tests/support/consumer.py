"""A consumer process for tests that kill it: writes down what it handles, then acks.

Run as `python -m tests.support.consumer <database url> <queue> <batch>`.
"""

import asyncio
import sys

from sqlalchemy import text

from stackyard.adapters.queue import PostgresReceiver
from stackyard.kernel.queue import Message, Queue
from tests.support.queues import receiver_at

TABLE = (
    "CREATE TABLE handled (id bigint GENERATED ALWAYS AS IDENTITY, pid int,"
    " message_group text, n int)"
)
_INSERT = text(
    "INSERT INTO handled (pid, message_group, n)"
    " VALUES (pg_backend_pid(), :message_group, :n)"
)


async def handle(receiver: PostgresReceiver, messages: list[Message]) -> None:
    rows = [
        {"message_group": message.group, "n": message.body["n"]} for message in messages
    ]
    async with receiver.database.transaction() as session:
        await session.execute(_INSERT, rows)
    await receiver.acknowledge_all(messages)


async def consume(url: str, queue: Queue, batch: int) -> None:
    async with receiver_at(url, poll_seconds=1) as receiver:
        while True:
            messages = await receiver.receive(queue, limit=batch, visibility_seconds=2)
            if messages:
                await handle(receiver, messages)
            else:
                await receiver.wait(queue)


if __name__ == "__main__":
    asyncio.run(consume(sys.argv[1], Queue(sys.argv[2]), int(sys.argv[3])))
