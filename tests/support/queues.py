"""Consumers and producers of the real queue, in this process and in others."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import Listener, PostgresReceiver, PostgresSender
from stackyard.kernel.queue import Message, Queue, Source


async def send(
    database: Database,
    queue: Queue,
    *bodies: dict[str, Any],
    group: str | None = None,
    deduplication: str | None = None,
    delay_seconds: float = 0,
) -> None:
    async with database.transaction() as session:
        for body in bodies:
            await PostgresSender(session).send(
                queue,
                body,
                group=group,
                deduplication=deduplication,
                delay_seconds=delay_seconds,
            )


@asynccontextmanager
async def receiver_at(
    url: str, *, poll_seconds: float = 60, deaf_seconds: float = 1
) -> AsyncIterator[PostgresReceiver]:
    """Yield a receiver that hears; it polls so rarely that hearing must do."""
    listener = Listener(url)
    listening = asyncio.create_task(listener.run())
    try:
        await eventually(lambda: listener.hears)
        async with PostgresReceiver.open(
            url, listener, poll_seconds=poll_seconds, deaf_seconds=deaf_seconds
        ) as receiver:
            yield receiver
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def eventually(holds: Callable[[], bool], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.02)


async def next_messages(
    receiver: Source,
    queue: Queue,
    *,
    limit: int = 1,
    visibility_seconds: float = 30,
    seconds: float = 20,
) -> list[Message]:
    """Receive, waiting as a consumer does; a test that waits in vain fails."""
    async with asyncio.timeout(seconds):
        while True:
            messages = await receiver.receive(
                queue, limit=limit, visibility_seconds=visibility_seconds
            )
            if messages:
                return messages
            await receiver.wait(queue)


async def take(
    receiver: Source,
    queue: Queue = Queue.ASYNC,
    *,
    limit: int = 10,
    visibility_seconds: float = 30,
) -> list[Message]:
    """Receive what is there now."""
    return await receiver.receive(
        queue, limit=limit, visibility_seconds=visibility_seconds
    )


def numbers(messages: list[Message]) -> list[int]:
    return [message.body["n"] for message in messages]
