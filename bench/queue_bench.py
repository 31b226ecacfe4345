"""Measure the built-in queue, beside the floor that PostgreSQL sets in the same run.

`python -m bench.queue_bench` writes `bench/results/queue.json`. The server is our own,
with its durable defaults. Consumers are processes; they take and acknowledge batches.
"""

import asyncio
import multiprocessing
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

import psycopg
from sqlalchemy import text
from tests.support.postgres import running_postgres
from tests.support.queues import eventually

from bench.figures import spread, write
from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import (
    Listener,
    PostgresReceiver,
    PostgresSender,
    QueueVacuum,
)
from stackyard.kernel.orm import Entity
from stackyard.kernel.queue import Queue
from stackyard.reactions import CHOREOGRAPHY

BATCH: Final = 100
FILL: Final = """
    INSERT INTO message_queue_messages (queue, message_group, body)
    SELECT '{queue}', {group}, jsonb_build_object('n', n)
    FROM generate_series(1, {many}) AS n
"""
WAKES: Final = 400


@asynccontextmanager
async def receiver_at(url: str) -> AsyncIterator[PostgresReceiver]:
    listener = Listener(url)
    listening = asyncio.create_task(listener.run())
    try:
        await eventually(lambda: listener.hears)
        async with PostgresReceiver.open(url, listener) as receiver:
            yield receiver
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def consume(url: str, queue: Queue, done: Any) -> None:
    async with receiver_at(url) as receiver:
        while True:
            batch = await receiver.receive(queue, limit=BATCH, visibility_seconds=30)
            if batch:
                await receiver.acknowledge_all(batch)
                with done.get_lock():
                    done.value += len(batch)
            else:
                await receiver.wait(queue)


def consumer_process(url: str, queue: Queue, done: Any) -> None:
    asyncio.run(consume(url, queue, done))


def produce(url: str, queue: Queue, many: int) -> None:
    asyncio.run(send_many(url, queue, many))


async def send_many(
    url: str, queue: Queue, many: int, per_transaction: int = 10
) -> None:
    database = Database.connect(url)
    for first in range(0, many, per_transaction):
        async with database.transaction() as session:
            for n in range(first, first + per_transaction):
                await PostgresSender(session).send(queue, {"n": n}, group=f"{n % 50}")
    await database.close()


def drained(url: str, queue: Queue, many: int, start: Callable[[], None]) -> float:
    """Return messages per second that two consumer processes get through."""
    context = multiprocessing.get_context("spawn")
    done = context.Value("i", 0)
    consumers = [
        context.Process(target=consumer_process, args=(url, queue, done), daemon=True)
        for _ in range(2)
    ]
    for process in consumers:
        process.start()
    time.sleep(3)  # until they listen
    began = time.perf_counter()
    start()
    while done.value < many:
        if time.perf_counter() - began > 120:
            break
        time.sleep(0.005)
    seconds = time.perf_counter() - began
    for process in consumers:
        process.kill()
        process.join()
    return int(done.value) / seconds


def backlog(url: str, queue: Queue, many: int) -> float:
    group = "(n % 200)::text" if queue.fifo else "NULL"
    fill = FILL.format(queue=queue, group=group, many=many)

    def start() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(fill.encode())
            connection.execute(b"SELECT pg_notify('stackyard_queue', %s)", (queue,))

    return drained(url, queue, many, start)


def end_to_end(url: str, queue: Queue, many: int) -> float:
    context = multiprocessing.get_context("spawn")
    sender = context.Process(target=produce, args=(url, queue, many))
    rate = drained(url, queue, many, sender.start)
    sender.join()
    return rate


def plain_rows(url: str, many: int) -> float:
    """Insert and delete as many plain rows, one connection, batches as large."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE plain (id int PRIMARY KEY, body jsonb)")
        began = time.perf_counter()
        for first in range(0, many, BATCH):
            connection.execute(
                "INSERT INTO plain SELECT n, jsonb_build_object('n', n)"
                " FROM generate_series(%s::int, %s::int) AS n",
                (first, first + BATCH - 1),
            )
            connection.execute(
                "DELETE FROM plain WHERE id BETWEEN %s AND %s",
                (first, first + BATCH - 1),
            )
        return many / (time.perf_counter() - began)


async def wakes(url: str) -> dict[str, float]:
    """Milliseconds from before the sending transaction to the consumer's hand."""
    database = Database.connect(url)
    taken: list[float] = []
    async with receiver_at(url) as receiver:
        for _ in range(WAKES):
            waiting = asyncio.create_task(_next(receiver))
            await asyncio.sleep(0.02)
            began = time.perf_counter()
            async with database.transaction() as session:
                await PostgresSender(session).send(Queue.IOT, {"n": 1})
            taken.append(1000 * (await waiting - began))
    await database.close()
    return spread(taken, digits=2)


async def _next(receiver: PostgresReceiver) -> float:
    while True:
        found = await receiver.receive(Queue.IOT, limit=1, visibility_seconds=30)
        if found:
            arrived = time.perf_counter()
            await receiver.acknowledge_all(found)
            return arrived
        await receiver.wait(Queue.IOT)


async def plain_wakes(url: str) -> dict[str, float]:
    """Milliseconds from before INSERT, NOTIFY and COMMIT to the other end."""
    taken: list[float] = []
    ear = await psycopg.AsyncConnection.connect(url, autocommit=True)
    mouth = await psycopg.AsyncConnection.connect(url, autocommit=True)
    await ear.execute("LISTEN plain")
    await mouth.execute("CREATE TABLE IF NOT EXISTS plain (id int PRIMARY KEY)")
    for n in range(WAKES):
        hearing = asyncio.create_task(_hear(ear))
        await asyncio.sleep(0.02)
        began = time.perf_counter()
        async with mouth.transaction():
            await mouth.execute("INSERT INTO plain (id) VALUES (%s)", (-1 - n,))
            await mouth.execute("NOTIFY plain")
        taken.append(1000 * (await hearing - began))
    await ear.close()
    await mouth.close()
    return spread(taken, digits=2)


async def _hear(ear: psycopg.AsyncConnection[Any]) -> float:
    async for _ in ear.notifies(timeout=10, stop_after=1):
        pass
    return time.perf_counter()


def size(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        query = b"SELECT pg_total_relation_size('message_queue_messages')"
        row = connection.execute(query).fetchone()
        return int(row[0]) if row else 0


async def _create(url: str) -> None:
    database = Database.connect(url)
    async with database.engine.begin() as connection:
        await connection.run_sync(Entity.metadata.create_all)
        await connection.execute(text("SELECT 1"))
    await database.close()


def sizes(url: str) -> dict[str, Any]:
    """Let a million messages through, a few thousand at once, with the upkeep of a
    drain beside them: it looks every few seconds.
    """
    found, over = [], Event()
    upkeep = Thread(target=asyncio.run, args=[_vacuum(url, over)])
    upkeep.start()
    try:
        for _ in range(10):
            for _ in range(5):
                backlog(url, Queue.ASYNC, 20_000)
            found.append(size(url))
    finally:
        over.set()
        upkeep.join()
    return {"messages_each": 100_000, "bytes_after_each_round": found}


async def _vacuum(url: str, over: Event) -> None:
    database = Database.connect(url)
    while not await asyncio.to_thread(over.wait, CHOREOGRAPHY.periods["vacuum_queue"]):
        await QueueVacuum(database).run()
    await database.close()


def measure(url: str) -> dict[str, Any]:
    asyncio.run(_create(url))
    return {
        "cores": os.cpu_count(),
        "load_at_start": round(os.getloadavg()[0], 1),
        "floor": {
            "plain_insert_and_delete_per_s": round(plain_rows(url, 20_000)),
            "insert_notify_commit_to_callback_ms": asyncio.run(plain_wakes(url)),
        },
        "queue": {
            "backlog_standard_per_s": round(backlog(url, Queue.ASYNC, 20_000)),
            "backlog_fifo_200_groups_per_s": round(
                backlog(url, Queue.ASYNC_FIFO, 20_000)
            ),
            "sent_and_received_at_once_per_s": round(
                end_to_end(url, Queue.WEBHOOKS, 10_000)
            ),
            "send_to_received_ms": asyncio.run(wakes(url)),
            "table": sizes(url),
        },
    }


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="stackyard-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with running_postgres(folder) as server:
            url = f"postgresql://postgres@127.0.0.1:{server.port}/postgres"
            found = measure(url)
    write("queue", found)


if __name__ == "__main__":
    main()
