"""What the built-in queue promises beyond `test_queue.py`, on real PostgreSQL.

SQS itself promises no turns between groups and no wake-up across processes; what is in
its tables, its plans, and its retention are the operator's there.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from tests.support.queues import (
    eventually,
    next_messages,
    numbers,
    receiver_at,
    send,
    take,
)

from stackyard.adapters.postgres import Database, StatementPool
from stackyard.adapters.queue import (
    Listener,
    PostgresReceiver,
    PostgresSender,
    QueueUpkeep,
    QueueVacuum,
    statements,
)
from stackyard.kernel.queue import MAX_RECEIVES, Queue

UNHEARD = Listener("postgresql://unused")


@pytest.fixture
async def receiver(database_url: str) -> AsyncIterator[PostgresReceiver]:
    async with receiver_at(database_url) as receiver:
        yield receiver


async def test_the_end_of_a_message_wakes_whoever_waits_for_the_next_of_its_group(
    database: Database, database_url: str, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.ASYNC_FIFO, {"n": 1}, {"n": 2}, group="g")
    [first] = await take(receiver, Queue.ASYNC_FIFO, visibility_seconds=60)
    async with receiver_at(database_url) as other:
        waiting = asyncio.create_task(
            next_messages(other, Queue.ASYNC_FIFO, seconds=10)
        )
        await asyncio.sleep(0.3)
        await receiver.acknowledge(first)

        assert numbers(await waiting) == [2]


async def test_groups_are_served_in_turn(
    database: Database, receiver: PostgresReceiver
) -> None:
    for group in ("a", "b", "c"):
        bodies = [{"n": n} for n in range(5)]
        await send(database, Queue.ASYNC_FIFO, *bodies, group=group)

    served = []
    for _ in range(6):
        [message] = await take(receiver, Queue.ASYNC_FIFO, limit=1)
        await receiver.acknowledge(message)
        served.append(message.group)

    assert served == ["a", "b", "c"] * 2


async def test_a_listener_whose_connection_is_cut_hears_again(
    database: Database, receiver: PostgresReceiver
) -> None:
    async with database.transaction() as session:
        await session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        )
    await eventually(lambda: not receiver.listener.hears)
    # deaf, and yet nothing is lost: it polls
    await send(database, Queue.IOT, {"n": 1})
    assert numbers(await next_messages(receiver, Queue.IOT, seconds=10)) == [1]
    await eventually(lambda: receiver.listener.hears)

    waiting = asyncio.create_task(next_messages(receiver, Queue.IOT, seconds=10))
    await asyncio.sleep(0.2)
    await send(database, Queue.IOT, {"n": 2})
    assert numbers(await waiting) == [2]


async def test_a_listener_that_checks_itself_wakes_all(database_url: str) -> None:
    listener = Listener(database_url, check_seconds=1)
    listening = asyncio.create_task(listener.run())
    await eventually(lambda: all(listener.rung(queue) for queue in Queue))
    before = {queue: listener.rung(queue) for queue in Queue}

    await eventually(lambda: all(listener.rung(one) > before[one] for one in Queue))

    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_without_any_listener_polling_finds_the_message(
    database: Database, database_url: str
) -> None:
    async with PostgresReceiver.open(database_url, UNHEARD, deaf_seconds=0.1) as deaf:
        waiting = asyncio.create_task(next_messages(deaf, Queue.IOT, seconds=10))
        await asyncio.sleep(0.2)
        await send(database, Queue.IOT, {"n": 1})

        assert numbers(await waiting) == [1]


async def test_a_tick_that_nobody_handled_within_the_hour_expires(
    database: Database, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.CRONJOBS, {"n": 1})
    await send(database, Queue.ASYNC, {"n": 2})
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE message_queue_messages SET sent_at = sent_at - :age"),
            {"age": timedelta(hours=1)},
        )
    await send(database, Queue.CRONJOBS, {"n": 3})

    assert numbers(await take(receiver, Queue.CRONJOBS)) == [3]
    async with database.transaction() as session:
        await QueueUpkeep(session).sweep()
        depths = await QueueUpkeep(session).depths()
    assert depths[Queue.CRONJOBS].total == 1
    assert depths[Queue.ASYNC].total == 1


async def test_dead_letters_and_old_ids_are_swept_when_their_time_has_come(
    database: Database, receiver: PostgresReceiver
) -> None:
    for n in (1, 2):
        await send(database, Queue.ASYNC, {"n": n}, deduplication=f"{n}")
        [message] = await take(receiver)
        await receiver.bury(message, reason="no")
    async with database.transaction() as session:
        await session.execute(
            text(
                "UPDATE message_queue_messages"
                " SET dead_at = dead_at - interval '15 days' WHERE body->>'n' = '1'"
            )
        )
        await session.execute(
            text(
                "UPDATE message_queue_deduplications SET expires_at ="
                " expires_at - interval '1 hour' WHERE deduplication = '1'"
            )
        )
        await QueueUpkeep(session).sweep()

        assert (await QueueUpkeep(session).depths())[Queue.DLQ].total == 1
        left = await session.scalars(
            text("SELECT deduplication FROM message_queue_deduplications")
        )
        assert left.all() == ["2"]


async def test_the_room_of_messages_that_passed_through_is_given_back(
    database: Database, receiver: PostgresReceiver
) -> None:
    vacuum = QueueVacuum(database)
    sizes = []
    for _ in range(6):
        for _ in range(3):
            await send(database, Queue.ASYNC, *({"n": n} for n in range(500)))
            while taken := await take(receiver, Queue.ASYNC, limit=500):
                await receiver.acknowledge_all(taken)
        for _ in range(50):  # the server counts the dead with a delay
            if await vacuum.run(worth_it=1000):
                break
            await asyncio.sleep(0.1)
        async with database.transaction() as session:
            size = "SELECT pg_relation_size('message_queue_messages')"
            sizes.append(await session.scalar(text(size)))

    # a transaction that was open for long may keep the room of one round
    assert sizes[-1] < 3 * sizes[0]


async def test_a_group_that_another_consumer_is_looking_at_is_left_alone(
    database: Database, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.ASYNC_FIFO, {"n": 1}, group="g")
    group = {"queue": Queue.ASYNC_FIFO, "message_group": "g"}
    async with database.transaction() as session:
        await session.execute(statements.LOCK_GROUP, group)
        assert await take(receiver, Queue.ASYNC_FIFO) == []

    # and what it left is found as soon as nobody looks at it any more
    assert numbers(await next_messages(receiver, Queue.ASYNC_FIFO, seconds=3)) == [1]


async def test_what_was_a_free_head_a_moment_ago_is_looked_at_again(
    database: Database, receiver: PostgresReceiver
) -> None:
    async with database.transaction() as early:
        await PostgresSender(early).send(Queue.ASYNC_FIFO, {"n": 1}, group="g")
        await send(database, Queue.ASYNC_FIFO, {"n": 2}, group="g")
        assert numbers(await take(receiver, Queue.ASYNC_FIFO)) == [2]

    # as a consumer does that chose the group before the other took the message
    async with database.transaction() as session:
        taken = await session.execute(
            statements.RECEIVE_HEADS,
            {
                "queue": Queue.ASYNC_FIFO,
                "groups": ["g"],
                "limit": 1,
                "visibility": 30,
                "most": MAX_RECEIVES,
                "dead_letters": Queue.DLQ_FIFO,
            },
        )
        assert taken.all() == []


@pytest.mark.parametrize("queue", [Queue.ASYNC, Queue.ASYNC_FIFO])
async def test_a_plan_that_was_made_while_it_was_empty_does_not_slow_a_full_queue(
    database: Database, database_url: str, queue: Queue
) -> None:
    pool = StatementPool(database_url, statements.BY_INDEX_ONLY, most=1)
    receiver = PostgresReceiver(pool, UNHEARD)
    for _ in range(12):  # often enough for the plan to be kept
        await _one_round(receiver, database, queue)
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO message_queue_messages (queue, message_group, body)"
                " SELECT :queue, CASE WHEN :fifo THEN n::text END, '{}'"
                " FROM generate_series(1, 5000) AS n"
            ),
            {"queue": queue, "fifo": queue.fifo},
        )
    before = await _rows_read_in_vain(pool)
    for _ in range(10):
        await _one_round(receiver, database, queue)
    read = await _rows_read_in_vain(pool) - before
    await pool.close()

    assert read < 5000


async def _one_round(
    receiver: PostgresReceiver, database: Database, queue: Queue
) -> None:
    await send(database, queue, {"n": 1}, group="g")
    for message in await receiver.receive(queue, limit=5, visibility_seconds=30):
        assert await receiver.extend(message, visibility_seconds=30)
        assert await receiver.acknowledge(message)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await receiver.wait(queue)


async def _have_counted(pool: StatementPool) -> None:
    """Have the server count what was read; before 15 it does so twice a second."""
    [(version,)] = await pool.fetch(text("SHOW server_version_num"), {})
    if int(version) >= 150_000:
        await pool.fetch(text("SELECT pg_stat_force_next_flush()"), {})
        return
    for _ in range(2):
        await asyncio.sleep(0.6)
        await pool.fetch(text("SELECT 1"), {})


async def _rows_read_in_vain(pool: StatementPool) -> int:
    await _have_counted(pool)
    counted = text(
        "SELECT seq_tup_read FROM pg_stat_user_tables"
        " WHERE relname = 'message_queue_messages'"
    )
    [(found,)] = await pool.fetch(counted, {})
    return int(found or 0)
