"""The drain on SQS, where that differs from what `test_drain.py` shows."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from tests.support.carriers import Relayed, relayed
from tests.support.elasticmq import CREDENTIALS, ElasticMq, depth_of
from tests.support.queues import send

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import DeadLetter, DeadLetters
from stackyard.choreography import DONE, FAILED, Outcome, Verdict, file_dead_letter
from stackyard.drain import Drain, Lane
from stackyard.kernel.queue import MAX_RECEIVES, Message, Queue


@pytest.fixture
async def urls(
    elasticmq: ElasticMq, monkeypatch: pytest.MonkeyPatch
) -> Mapping[Queue, str]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return await elasticmq.make_queues()


@pytest.fixture
async def carrier(
    database_url: str, urls: Mapping[Queue, str]
) -> AsyncIterator[Relayed]:
    async with relayed(database_url, urls) as carrier:
        yield carrier


@asynccontextmanager
async def draining(carrier: Relayed, lanes: dict[Queue, Lane]) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(Drain(carrier.sqs, lanes).run(stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(20):
            await running


async def dead_letters(database: Database) -> list[DeadLetter]:
    async with database.transaction() as session:
        return list(await DeadLetters(session).list())


@pytest.mark.parametrize("queue", [Queue.ASYNC, Queue.ASYNC_FIFO])
async def test_an_outage_longer_than_three_attempts_buries_nothing(
    database: Database,
    carrier: Relayed,
    elasticmq: ElasticMq,
    urls: Mapping[Queue, str],
    queue: Queue,
) -> None:
    seen: list[Message] = []
    over = asyncio.Event()

    async def handle(message: Message) -> Outcome:
        seen.append(message)
        if len(seen) <= 3 * MAX_RECEIVES:
            return Outcome(Verdict.RETRY, delay_seconds=0.05)
        over.set()
        return DONE

    async with draining(carrier, {queue: Lane(handle, visibility_seconds=2)}):
        await send(database, queue, {"n": 1}, group="g")
        async with asyncio.timeout(60):
            await over.wait()

    assert [message.returns for message in seen] == list(range(3 * MAX_RECEIVES + 1))
    assert await depth_of(elasticmq, urls[queue]) == 0
    assert await depth_of(elasticmq, urls[queue.dead_letters]) == 0


async def test_what_breaks_its_handler_is_told_of_and_kept_for_an_operator(
    database: Database,
    carrier: Relayed,
    elasticmq: ElasticMq,
    urls: Mapping[Queue, str],
) -> None:
    seen: list[Message] = []

    async def handle(message: Message) -> Outcome:
        seen.append(message)
        return FAILED

    lanes = {
        Queue.ASYNC: Lane(handle, visibility_seconds=1),
        Queue.DLQ: Lane(file_dead_letter, visibility_seconds=5),
    }
    async with draining(carrier, lanes):
        await send(database, Queue.ASYNC, {"n": 1})
        async with asyncio.timeout(60):
            while not await dead_letters(database):  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.1)

    [dead] = await dead_letters(database)
    assert dead.body == {"n": 1}
    assert dead.origin == Queue.ASYNC
    assert dead.reason == "received 3 times and never acknowledged"
    assert len(seen) == MAX_RECEIVES
    assert await depth_of(elasticmq, urls[Queue.DLQ]) == 0


async def test_a_long_handler_keeps_its_message_by_its_heartbeat(
    database: Database, carrier: Relayed
) -> None:
    seen: list[Message] = []
    done = asyncio.Event()

    async def handle(message: Message) -> Outcome:
        seen.append(message)
        await asyncio.sleep(4)
        done.set()
        return DONE

    lane = Lane(handle, concurrency=2, visibility_seconds=2)
    async with draining(carrier, {Queue.ASYNC: lane}):
        await send(database, Queue.ASYNC, {"n": 1})
        async with asyncio.timeout(30):
            await done.wait()

    assert [message.receives for message in seen] == [1]


async def test_a_drain_that_is_stopped_does_not_wait_for_its_polls(
    carrier: Relayed,
) -> None:
    async def handle(message: Message) -> Outcome:
        return DONE

    stop = asyncio.Event()
    drain = Drain(carrier.sqs, {queue: Lane(handle) for queue in Queue})
    running = asyncio.create_task(drain.run(stop))
    await asyncio.sleep(1)  # all of them are polling, for twenty seconds
    stop.set()
    async with asyncio.timeout(10):
        await running
