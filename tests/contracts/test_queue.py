"""What every queue must do; the built-in one, on real PostgreSQL."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from tests.support.queues import eventually, next_messages, receiver_at, send

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import (
    Depth,
    Listener,
    PostgresReceiver,
    PostgresSender,
    QueueUpkeep,
    statements,
)
from stackyard.kernel.queue import MAX_RECEIVES, Message, Queue


@pytest.fixture
async def receiver(database_url: str) -> AsyncIterator[PostgresReceiver]:
    async with receiver_at(database_url) as receiver:
        yield receiver


async def take(
    receiver: PostgresReceiver,
    queue: Queue = Queue.ASYNC,
    *,
    limit: int = 10,
    visibility_seconds: float = 30,
) -> list[Message]:
    return await receiver.receive(
        queue, limit=limit, visibility_seconds=visibility_seconds
    )


def numbers(messages: list[Message]) -> list[int]:
    return [message.body["n"] for message in messages]


async def test_what_is_sent_is_received_once_and_gone_when_acknowledged(
    database: Database, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.ASYNC, {"n": 1}, {"n": 2})

    messages = await take(receiver)
    assert numbers(messages) == [1, 2]
    assert await take(receiver) == []
    assert [await receiver.acknowledge(message) for message in messages] == [True, True]

    async with database.transaction() as session:
        assert (await QueueUpkeep(session).depths())[Queue.ASYNC] == Depth(0, 0)


async def test_queues_do_not_see_each_other_s_messages(
    database: Database, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.IOT, {"n": 1})

    assert await take(receiver, Queue.ASYNC) == []
    assert numbers(await take(receiver, Queue.IOT)) == [1]


async def test_a_message_is_not_sent_if_its_cause_is_rolled_back(
    database: Database, receiver: PostgresReceiver
) -> None:
    class ChangedMindError(Exception):
        pass

    async def send_and_fail() -> None:
        async with database.transaction() as session:
            sender = PostgresSender(session)
            await sender.send(Queue.ASYNC, {"n": 1})
            await sender.send(Queue.ASYNC, {"n": 2}, deduplication="two")
            raise ChangedMindError

    with pytest.raises(ChangedMindError):
        await send_and_fail()

    assert await take(receiver) == []
    await send(database, Queue.ASYNC, {"n": 2}, deduplication="two")
    assert numbers(await take(receiver)) == [2]


async def test_a_message_that_is_not_acknowledged_comes_back(
    database: Database, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.ASYNC, {"n": 1})

    [first] = await take(receiver, visibility_seconds=0.2)
    [second] = await next_messages(receiver, Queue.ASYNC)

    assert (first.receives, second.receives) == (1, 2)
    assert first.receipt != second.receipt


async def test_a_consumer_that_was_too_slow_can_do_nothing_to_the_message(
    database: Database, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.ASYNC, {"n": 1})

    [stale] = await take(receiver, visibility_seconds=0.1)
    [fresh] = await next_messages(receiver, Queue.ASYNC)

    assert not await receiver.acknowledge(stale)
    assert not await receiver.extend(stale, visibility_seconds=60)
    assert not await receiver.give_back(stale, delay_seconds=0)
    assert not await receiver.bury(stale, reason="spite")
    assert await receiver.acknowledge(fresh)
    assert not await receiver.acknowledge(fresh)


async def test_a_message_whose_time_is_up_is_not_hidden_any_longer(
    database: Database, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.ASYNC, {"n": 1})

    [late] = await take(receiver, visibility_seconds=0.05)
    await asyncio.sleep(0.1)

    assert not await receiver.extend(late, visibility_seconds=60)


async def test_an_extended_message_stays_hidden(
    database: Database, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.ASYNC, {"n": 1})

    [message] = await take(receiver, visibility_seconds=1)
    assert await receiver.extend(message, visibility_seconds=30)
    await asyncio.sleep(1.1)

    assert await take(receiver) == []
    assert await receiver.acknowledge(message)


@pytest.mark.parametrize("queue", [Queue.ASYNC, Queue.ASYNC_FIFO])
async def test_what_nobody_acknowledges_goes_to_the_dead_letters_with_its_story(
    database: Database, receiver: PostgresReceiver, queue: Queue
) -> None:
    group = "a-run" if queue.fifo else None
    await send(database, queue, {"n": 1}, group=group)
    for receives in range(1, MAX_RECEIVES + 1):
        [message] = await next_messages(receiver, queue, visibility_seconds=0.1)
        assert message.receives == receives
    await asyncio.sleep(0.2)
    await send(database, queue, {"n": 2}, group=group)

    # the fourth time it is not given out, and what stood behind it is
    assert numbers(await next_messages(receiver, queue)) == [2]
    [dead] = await next_messages(receiver, queue.dead_letters)

    assert (dead.queue, dead.origin) == (queue.dead_letters, queue)
    assert (dead.body, dead.group) == ({"n": 1}, group)
    assert dead.reason == "received 3 times and never acknowledged"


async def test_a_message_that_is_given_back_is_no_nearer_to_its_grave(
    database: Database, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.ASYNC, {"n": 1})

    for times in range(2 * MAX_RECEIVES):
        [message] = await next_messages(receiver, Queue.ASYNC)
        assert message.returns == times
        assert await receiver.give_back(message, delay_seconds=0.01)


async def test_a_message_can_be_buried_with_a_reason_and_kept(
    database: Database, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.WEBHOOKS, {"n": 1})

    [message] = await take(receiver, Queue.WEBHOOKS)
    assert await receiver.bury(message, reason="there is no such stack")
    [dead] = await next_messages(receiver, Queue.DLQ)
    assert (dead.origin, dead.reason) == (Queue.WEBHOOKS, "there is no such stack")
    assert await receiver.bury(dead, reason="seen")

    assert await take(receiver, Queue.DLQ) == []
    async with database.transaction() as session:
        assert (await QueueUpkeep(session).depths())[Queue.DLQ] == Depth(1, 0)


async def test_a_dead_letter_that_was_seen_does_not_stand_in_the_next_one_s_way(
    database: Database, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.ASYNC_FIFO, {"n": 1}, {"n": 2}, group="g")

    for n in (1, 2):
        [message] = await next_messages(receiver, Queue.ASYNC_FIFO)
        await receiver.bury(message, reason="no")
        [dead] = await next_messages(receiver, Queue.DLQ_FIFO)
        assert (dead.body, dead.group) == ({"n": n}, "g")
        assert await receiver.bury(dead, reason="seen")


async def test_a_delayed_message_is_not_seen_before_its_time_and_waited_for_precisely(
    database: Database, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.ASYNC, {"n": 1}, delay_seconds=0.5)

    assert await take(receiver) == []
    # the receiver of these tests polls once a minute: it must know the moment
    assert numbers(await next_messages(receiver, Queue.ASYNC, seconds=5)) == [1]


async def test_a_delayed_message_does_not_block_its_group_before_it_is_due(
    database: Database, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.ASYNC_FIFO, {"n": 1}, group="g", delay_seconds=1)
    await send(database, Queue.ASYNC_FIFO, {"n": 2}, group="g")

    [now] = await take(receiver, Queue.ASYNC_FIFO)
    await receiver.acknowledge(now)
    [later] = await next_messages(receiver, Queue.ASYNC_FIFO, seconds=5)

    assert numbers([now, later]) == [2, 1]


async def test_the_same_id_within_five_minutes_is_the_same_message(
    database: Database, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.CRONJOBS, {"n": 1}, deduplication="sweep:1")
    await send(database, Queue.CRONJOBS, {"n": 2}, deduplication="sweep:1")
    await send(database, Queue.ASYNC, {"n": 3}, deduplication="sweep:1")
    async with database.transaction() as session:
        await session.execute(
            text(
                "UPDATE message_queue_deduplications"
                " SET expires_at = expires_at - interval '300 seconds'"
            )
        )
    await send(database, Queue.CRONJOBS, {"n": 4}, deduplication="sweep:1")

    assert numbers(await take(receiver, Queue.CRONJOBS)) == [1, 4]
    assert numbers(await take(receiver, Queue.ASYNC)) == [3]


async def test_in_a_fifo_queue_an_id_is_known_in_its_group_only(
    database: Database, receiver: PostgresReceiver
) -> None:
    for group in ("a", "b", "a"):
        await send(database, Queue.ASYNC_FIFO, {"n": 1}, group=group, deduplication="x")

    found = await take(receiver, Queue.ASYNC_FIFO)
    assert sorted(message.group or "" for message in found) == ["a", "b"]
    await receiver.acknowledge_all(found)
    assert await take(receiver, Queue.ASYNC_FIFO) == []


async def test_twenty_senders_of_one_id_at_once_send_one_message(
    database: Database, receiver: PostgresReceiver
) -> None:
    async with asyncio.TaskGroup() as senders:
        for n in range(20):
            senders.create_task(
                send(database, Queue.CRONJOBS, {"n": n}, deduplication="sweep:7")
            )

    assert len(await take(receiver, Queue.CRONJOBS)) == 1


async def test_a_group_s_next_message_waits_for_the_one_in_flight(
    database: Database, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.ASYNC_FIFO, {"n": 1}, {"n": 2}, group="a")
    await send(database, Queue.ASYNC_FIFO, {"n": 3}, group="b")

    first, other = await take(receiver, Queue.ASYNC_FIFO)
    assert numbers([first, other]) == [1, 3]
    assert await take(receiver, Queue.ASYNC_FIFO) == []
    await receiver.acknowledge(first)

    assert numbers(await take(receiver, Queue.ASYNC_FIFO)) == [2]


async def test_a_message_that_comes_back_keeps_its_place_in_its_group(
    database: Database, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.ASYNC_FIFO, {"n": 1}, {"n": 2}, group="a")

    [message] = await take(receiver, Queue.ASYNC_FIFO)
    await receiver.give_back(message, delay_seconds=0.5)
    assert await take(receiver, Queue.ASYNC_FIFO) == []

    assert numbers(await next_messages(receiver, Queue.ASYNC_FIFO, seconds=5)) == [1]


async def test_two_of_a_group_are_never_in_flight_even_if_commits_are_inverted(
    database: Database, receiver: PostgresReceiver
) -> None:
    async with database.transaction() as early:
        await PostgresSender(early).send(Queue.ASYNC_FIFO, {"n": 1}, group="g")
        # the group is new, and yet nobody waits for the first sender's commit
        async with asyncio.timeout(5):
            await send(database, Queue.ASYNC_FIFO, {"n": 2}, group="g")
        [second] = await take(receiver, Queue.ASYNC_FIFO)

    assert second.body == {"n": 2}
    assert await take(receiver, Queue.ASYNC_FIFO) == []
    await receiver.acknowledge(second)
    assert numbers(await next_messages(receiver, Queue.ASYNC_FIFO)) == [1]


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


async def test_a_fifo_message_needs_a_group(database: Database) -> None:
    with pytest.raises(ValueError, match="group"):
        await send(database, Queue.ASYNC_FIFO, {"n": 1})


async def test_a_batch_is_acknowledged_but_for_what_was_lost(
    database: Database, receiver: PostgresReceiver
) -> None:
    await send(database, Queue.ASYNC, {"n": 1}, {"n": 2})

    [stale] = await take(receiver, limit=1, visibility_seconds=0.05)
    await asyncio.sleep(0.1)
    fresh = await take(receiver)

    done = await receiver.acknowledge_all([stale, *fresh])
    assert len(fresh) == 2
    assert done == {message.id for message in fresh}


async def test_a_send_wakes_whoever_waits(
    database: Database, receiver: PostgresReceiver
) -> None:
    waiting = asyncio.create_task(next_messages(receiver, Queue.IOT, seconds=10))
    await asyncio.sleep(0.2)
    await send(database, Queue.IOT, {"n": 1})

    assert numbers(await waiting) == [1]


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


async def test_without_any_listener_polling_finds_the_message(
    database: Database,
) -> None:
    deaf = PostgresReceiver(database, Listener("postgresql://unused"), deaf_seconds=0.1)
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
    database_url: str, queue: Queue
) -> None:
    database = Database.connect(database_url, pool_size=1)
    receiver = PostgresReceiver(database, Listener("postgresql://unused"))
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
    before = await _rows_read_in_vain(database)
    for _ in range(10):
        await _one_round(receiver, database, queue)
    read = await _rows_read_in_vain(database) - before
    await database.engine.dispose()

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


async def _have_counted(database: Database) -> None:
    """Have the server count what was read; before 15 it does so twice a second."""
    async with database.transaction() as session:
        version = int(await session.scalar(text("SHOW server_version_num")) or 0)
        if version >= 150_000:
            await session.execute(text("SELECT pg_stat_force_next_flush()"))
            return
    for _ in range(2):
        await asyncio.sleep(0.6)
        async with database.transaction() as session:
            await session.execute(text("SELECT 1"))


async def _rows_read_in_vain(database: Database) -> int:
    await _have_counted(database)
    async with database.transaction() as session:
        found = await session.scalar(
            text(
                "SELECT seq_tup_read FROM pg_stat_user_tables"
                " WHERE relname = 'message_queue_messages'"
            )
        )
    return int(found or 0)
