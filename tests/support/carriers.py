"""A queue with everything that carries it: the built-in one, or SQS with its relay."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import text

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import (
    DeadLetterArchive,
    Listener,
    PostgresReceiver,
    Relay,
)
from stackyard.adapters.sqs import SqsConnection, SqsReceiver
from stackyard.kernel.queue import DEAD, Message, Queue
from tests.support.elasticmq import REGION, ElasticMq
from tests.support.queues import receiver_at

BUILT_IN: Final = "built-in"
SQS: Final = "sqs"
_NOT_RELAYED: Final = text(
    "SELECT count(*) FROM message_queue_messages"
    " WHERE queue NOT IN ('dlq', 'dlq-fifo') AND due_at <= clock_timestamp()"
)


@dataclass
class Relayed:
    """SQS, seen from where the outbox is written: what was sent has arrived there."""

    sqs: SqsReceiver
    outbox: PostgresReceiver
    relay: Relay

    async def receive(
        self, queue: Queue, *, limit: int, visibility_seconds: float
    ) -> list[Message]:
        await self.arrived()
        return await self.sqs.receive(
            queue, limit=limit, visibility_seconds=visibility_seconds
        )

    async def wait(self, queue: Queue) -> None:
        await self.sqs.wait(queue)

    async def extend(self, message: Message, *, visibility_seconds: float) -> bool:
        return await self.sqs.extend(message, visibility_seconds=visibility_seconds)

    async def acknowledge(self, message: Message) -> bool:
        return await self.sqs.acknowledge(message)

    async def acknowledge_all(self, messages: Sequence[Message]) -> frozenset[str]:
        return await self.sqs.acknowledge_all(messages)

    async def give_back(self, message: Message, *, delay_seconds: float) -> bool:
        return await self.sqs.give_back(message, delay_seconds=delay_seconds)

    async def bury(self, message: Message, *, reason: str) -> bool:
        return await self.sqs.bury(message, reason=reason)

    async def arrived(self) -> None:
        async with asyncio.timeout(20):
            while await self._waiting():  # noqa: ASYNC110 - another process would do
                await asyncio.sleep(0.02)

    async def _waiting(self) -> int:
        [(count,)] = await self.outbox.pool.fetch(_NOT_RELAYED, {})
        return int(count)


@dataclass
class Carrier:
    """*moment* is the shortest time it hides a message for, in seconds."""

    receiver: PostgresReceiver | Relayed
    moment: float
    urls: Mapping[Queue, str] = field(default_factory=dict)


@asynccontextmanager
async def running_carrier(url: str, server: ElasticMq | None) -> AsyncIterator[Carrier]:
    if server is None:
        async with receiver_at(url) as receiver:
            yield Carrier(receiver, 0.05)
        return
    urls = await server.make_queues()
    async with relayed(url, urls) as relayed_receiver:
        yield Carrier(relayed_receiver, 1, urls)


@asynccontextmanager
async def relayed(
    url: str, urls: Mapping[Queue, str], *, relays: int = 1
) -> AsyncIterator[Relayed]:
    """Relay what is in the outbox at *url*, and receive it."""
    database = Database.connect(url)
    listener = Listener(url)
    async with (
        SqsConnection.open(urls, region=REGION) as connection,
        SqsReceiver.open(connection, DeadLetterArchive(database)) as receiver,
        PostgresReceiver.open(url, listener) as outbox,
    ):
        running = [Relay(outbox, connection, set(Queue) - DEAD) for _ in range(relays)]
        tasks = [asyncio.create_task(listener.run())]
        tasks += [asyncio.create_task(relay.run()) for relay in running]
        try:
            yield Relayed(receiver, outbox, running[0])
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await database.close()
