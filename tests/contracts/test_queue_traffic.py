"""What is counted of the built-in queue: what was committed, once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from tests.support.metrics import ReadableMetrics
from tests.support.queues import eventually, receiver_at, send, take

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import (
    Depth,
    DepthGauges,
    PostgresReceiver,
    PostgresSender,
    QueueUpkeep,
    Traffic,
)
from stackyard.adapters.queue.upkeep import COUNTED_TO
from stackyard.kernel.queue import Queue

SENT = "postgres_queue.messages.sent"
RECEIVED = "postgres_queue.messages.received"
CHANGED = "postgres_queue.messages.changed_visibility"
DELETED = "postgres_queue.messages.deleted"
TOTAL = "postgres_queue.messages.total"
VISIBLE = "postgres_queue.messages.visible"
NOTHING: dict[str, int] = {}


class OddError(Exception):
    pass


@pytest.fixture
def metrics() -> ReadableMetrics:
    return ReadableMetrics()


@pytest.fixture
def traffic(metrics: ReadableMetrics) -> Traffic:
    return Traffic.of(metrics)


@pytest.fixture
async def receiver(
    database_url: str, traffic: Traffic
) -> AsyncIterator[PostgresReceiver]:
    async with receiver_at(database_url) as receiver:
        receiver.traffic = traffic
        yield receiver


@asynccontextmanager
async def sending(
    database: Database, traffic: Traffic
) -> AsyncIterator[PostgresSender]:
    async with database.transaction() as session:
        yield PostgresSender(session, traffic=traffic)


async def test_what_is_sent_counts_when_it_is_committed_and_not_before(
    database: Database, metrics: ReadableMetrics, traffic: Traffic
) -> None:
    async with sending(database, traffic) as sender:
        await sender.send(Queue.ASYNC, {"n": 1})
        await sender.send(Queue.ASYNC, {"n": 2})
        await sender.send(Queue.ASYNC_FIFO, {"n": 3}, group="g")
        assert metrics.said(SENT) == NOTHING

    assert metrics.said(SENT) == {"async": 2, "async-fifo": 1}


async def test_what_was_rolled_back_was_not_sent(
    database: Database, metrics: ReadableMetrics, traffic: Traffic
) -> None:
    with contextlib.suppress(OddError):
        async with sending(database, traffic) as sender:
            await sender.send(Queue.ASYNC, {"n": 1})
            raise OddError

    assert metrics.said(SENT) == NOTHING


async def test_what_failed_to_commit_was_not_sent(
    database: Database, metrics: ReadableMetrics, traffic: Traffic
) -> None:
    async with database.transaction() as session:
        await session.execute(
            text("CREATE TABLE odd (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        )

    async def commit_in_vain() -> None:
        async with sending(database, traffic) as sender:
            await sender.send(Queue.ASYNC, {"n": 1})
            await sender.session.execute(text("INSERT INTO odd VALUES (1), (1)"))

    with pytest.raises(IntegrityError):
        await commit_in_vain()
    assert metrics.said(SENT) == NOTHING


async def test_a_savepoint_takes_back_what_was_sent_in_it_and_nothing_else(
    database: Database, metrics: ReadableMetrics, traffic: Traffic
) -> None:
    async with sending(database, traffic) as sender:
        await sender.send(Queue.ASYNC, {"n": 1})
        async with sender.session.begin_nested():
            await sender.send(Queue.IOT, {"n": 2})
            async with sender.session.begin_nested():
                await sender.send(Queue.IOT, {"n": 3})
        with contextlib.suppress(OddError):
            async with sender.session.begin_nested():
                async with sender.session.begin_nested():
                    await sender.send(Queue.WEBHOOKS, {"n": 4})
                raise OddError
        assert metrics.said(SENT) == NOTHING
        await sender.send(Queue.ASYNC, {"n": 5})

    assert metrics.said(SENT) == {"async": 2, "iot": 2}


async def test_each_transaction_of_a_session_counts_by_itself(
    database: Database, metrics: ReadableMetrics, traffic: Traffic
) -> None:
    async with sending(database, traffic) as sender:
        session = sender.session
        await sender.send(Queue.ASYNC, {"n": 1})
    async with session.begin():
        await sender.send(Queue.ASYNC, {"n": 2})
    async with session.begin() as transaction:
        await sender.send(Queue.ASYNC, {"n": 3})
        await transaction.rollback()
    await session.close()

    assert metrics.said(SENT) == {"async": 2}


async def test_what_the_queue_knows_already_is_not_sent_again(
    database: Database, metrics: ReadableMetrics, traffic: Traffic
) -> None:
    for _ in range(3):
        async with sending(database, traffic) as sender:
            await sender.send(Queue.CRONJOBS, {"n": 1}, deduplication="tick")

    assert metrics.said(SENT) == {"cronjobs": 1}


@pytest.mark.parametrize("queue", [Queue.ASYNC, Queue.ASYNC_FIFO])
async def test_a_message_s_life_is_counted(
    database: Database,
    metrics: ReadableMetrics,
    receiver: PostgresReceiver,
    queue: Queue,
) -> None:
    await send(database, queue, {"n": 1}, group="g")
    [message] = await take(receiver, queue)
    assert await take(receiver, queue) == []
    assert await receiver.extend(message, visibility_seconds=30)
    assert await receiver.give_back(message, delay_seconds=0)
    assert metrics.said(CHANGED) == {queue: 2}

    [again] = await take(receiver, queue)
    assert metrics.said(RECEIVED) == {queue: 2}
    assert await receiver.acknowledge(again)
    assert metrics.said(DELETED) == {queue: 1}


async def test_a_stale_receipt_counts_for_nothing(
    database: Database, metrics: ReadableMetrics, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.ASYNC, {"n": 1})
    [message] = await take(receiver)
    await receiver.give_back(message, delay_seconds=0)
    before = metrics.said(CHANGED)

    assert not await receiver.extend(message, visibility_seconds=30)
    assert not await receiver.give_back(message, delay_seconds=0)
    assert not await receiver.acknowledge(message)
    assert metrics.said(CHANGED) == before
    assert metrics.said(DELETED) == NOTHING


async def test_who_goes_to_the_dead_letters_was_neither_deleted_nor_sent(
    database: Database, metrics: ReadableMetrics, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.ASYNC, {"n": 1})
    [message] = await take(receiver)
    assert await receiver.bury(message, reason="of age")

    assert metrics.said(DELETED) == NOTHING
    assert metrics.said(SENT) == NOTHING


async def test_gauges_show_what_waits(
    database: Database, metrics: ReadableMetrics, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.ASYNC, {"n": 1}, {"n": 2}, {"n": 3})
    await send(database, Queue.IOT, {"n": 4}, delay_seconds=600)
    await take(receiver, limit=1)
    gauges = DepthGauges.of(database, metrics)
    assert gauges is not None
    await gauges.read()

    assert metrics.said(TOTAL) == {"async": 3, "iot": 1}
    assert metrics.said(VISIBLE) == {"async": 2}
    assert set(metrics.instruments[TOTAL].now) == set(Queue)  # zero is an answer


async def test_gauges_that_cannot_be_read_show_nothing_until_they_can(
    database: Database, metrics: ReadableMetrics
) -> None:
    gauges = DepthGauges.of(database, metrics)
    assert gauges is not None
    shown = metrics.instruments[TOTAL]
    reading = asyncio.create_task(gauges.run())
    try:
        await eventually(lambda: shown.now != {})
        async with database.transaction() as session:
            await session.execute(
                text("ALTER TABLE message_queue_messages RENAME TO gone")
            )
        await eventually(lambda: shown.now == {})
        async with database.transaction() as session:
            await session.execute(
                text("ALTER TABLE gone RENAME TO message_queue_messages")
            )
        await eventually(lambda: shown.now != {})
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    assert shown.now == {}  # who does not read any more does not know


async def test_a_flood_is_counted_to_a_bound_and_not_to_its_end(
    database: Database,
) -> None:
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO message_queue_messages (queue, body) SELECT 'async', '{}'"
                " FROM generate_series(1, :many)"
            ),
            {"many": COUNTED_TO + 50},
        )
    await send(database, Queue.ASYNC, {"n": 1}, delay_seconds=600)
    async with database.transaction() as session:
        depths = await QueueUpkeep(session).depths()

    assert depths[Queue.ASYNC] == Depth(COUNTED_TO + 1, COUNTED_TO)
    assert depths[Queue.IOT] == Depth(0, 0)
