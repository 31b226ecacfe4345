"""What every queue must do, whoever carries it.

`built-in` is the tables, on real PostgreSQL. `sqs` is the whole of that way: the tables
as the outbox, a relay, ElasticMQ, and the receiver that the drain uses.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from tests.support.carriers import BUILT_IN, SQS, Carrier, running_carrier
from tests.support.elasticmq import CREDENTIALS, ElasticMq
from tests.support.queues import next_messages, numbers, send, take

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import Depth, PostgresSender, QueueUpkeep
from stackyard.kernel.queue import MAX_RECEIVES, Queue, Source


@pytest.fixture(params=[BUILT_IN, SQS])
async def carrier(
    request: pytest.FixtureRequest,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Carrier]:
    server: ElasticMq | None = None
    if request.param == SQS:
        server = request.getfixturevalue("elasticmq")
        for name, value in CREDENTIALS.items():
            monkeypatch.setenv(name, value)
    async with running_carrier(database_url, server) as carrier:
        yield carrier


@pytest.fixture
def receiver(carrier: Carrier) -> Source:
    return carrier.receiver


async def test_what_is_sent_is_received_once_and_gone_when_acknowledged(
    database: Database, receiver: Source
) -> None:
    await send(database, Queue.ASYNC, {"n": 1}, {"n": 2})

    messages = await take(receiver)
    assert sorted(numbers(messages)) == [1, 2]
    assert await take(receiver) == []
    assert [await receiver.acknowledge(message) for message in messages] == [True, True]

    async with database.transaction() as session:
        assert (await QueueUpkeep(session).depths())[Queue.ASYNC] == Depth(0, 0)


async def test_queues_do_not_see_each_other_s_messages(
    database: Database, receiver: Source
) -> None:
    await send(database, Queue.IOT, {"n": 1})

    assert await take(receiver, Queue.ASYNC) == []
    assert numbers(await take(receiver, Queue.IOT)) == [1]


async def test_a_message_is_not_sent_if_its_cause_is_rolled_back(
    database: Database, receiver: Source
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
    database: Database, receiver: Source
) -> None:
    await send(database, Queue.ASYNC, {"n": 1})

    [first] = await take(receiver, visibility_seconds=0.2)
    [second] = await next_messages(receiver, Queue.ASYNC)

    assert (first.receives, second.receives) == (1, 2)
    assert first.receipt != second.receipt


async def test_a_consumer_that_was_too_slow_can_do_nothing_to_the_message(
    database: Database, receiver: Source
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
    database: Database, carrier: Carrier
) -> None:
    await send(database, Queue.ASYNC, {"n": 1})

    [late] = await take(carrier.receiver, visibility_seconds=carrier.moment)
    await asyncio.sleep(carrier.moment + 0.1)

    assert not await carrier.receiver.extend(late, visibility_seconds=60)


async def test_an_extended_message_stays_hidden(
    database: Database, receiver: Source
) -> None:
    await send(database, Queue.ASYNC, {"n": 1})

    [message] = await take(receiver, visibility_seconds=1)
    assert await receiver.extend(message, visibility_seconds=30)
    await asyncio.sleep(1.1)

    assert await take(receiver) == []
    assert await receiver.acknowledge(message)


@pytest.mark.parametrize("queue", [Queue.ASYNC, Queue.ASYNC_FIFO])
async def test_what_nobody_acknowledges_goes_to_the_dead_letters_with_its_story(
    database: Database, carrier: Carrier, queue: Queue
) -> None:
    receiver, moment = carrier.receiver, carrier.moment
    group = "a-run" if queue.fifo else None
    await send(database, queue, {"n": 1}, group=group)
    for receives in range(1, MAX_RECEIVES + 1):
        [message] = await next_messages(receiver, queue, visibility_seconds=moment)
        assert message.receives == receives
    await asyncio.sleep(moment + 0.2)
    await send(database, queue, {"n": 2}, group=group)

    # the fourth time it is not given out, and what stood behind it is
    assert numbers(await next_messages(receiver, queue)) == [2]
    [dead] = await next_messages(receiver, queue.dead_letters)

    assert (dead.queue, dead.origin) == (queue.dead_letters, queue)
    assert (dead.body, dead.group) == ({"n": 1}, group)
    assert dead.reason == "received 3 times and never acknowledged"


async def test_a_message_that_is_given_back_is_no_nearer_to_its_grave(
    database: Database, receiver: Source
) -> None:
    await send(database, Queue.ASYNC, {"n": 1})

    for times in range(2 * MAX_RECEIVES):
        [message] = await next_messages(receiver, Queue.ASYNC)
        assert message.returns == times
        assert await receiver.give_back(message, delay_seconds=0.01)


async def test_a_message_can_be_buried_with_a_reason_and_kept(
    database: Database, receiver: Source
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
    database: Database, receiver: Source
) -> None:
    await send(database, Queue.ASYNC_FIFO, {"n": 1}, {"n": 2}, group="g")

    for n in (1, 2):
        [message] = await next_messages(receiver, Queue.ASYNC_FIFO)
        await receiver.bury(message, reason="no")
        [dead] = await next_messages(receiver, Queue.DLQ_FIFO)
        assert (dead.body, dead.group) == ({"n": n}, "g")
        assert await receiver.bury(dead, reason="seen")


async def test_a_delayed_message_is_not_seen_before_its_time_and_waited_for_precisely(
    database: Database, receiver: Source
) -> None:
    await send(database, Queue.ASYNC, {"n": 1}, delay_seconds=0.5)

    assert await take(receiver) == []
    # the receiver of these tests polls once a minute: it must know the moment
    assert numbers(await next_messages(receiver, Queue.ASYNC, seconds=5)) == [1]


async def test_a_delayed_message_does_not_block_its_group_before_it_is_due(
    database: Database, receiver: Source
) -> None:
    await send(database, Queue.ASYNC_FIFO, {"n": 1}, group="g", delay_seconds=1)
    await send(database, Queue.ASYNC_FIFO, {"n": 2}, group="g")

    [now] = await take(receiver, Queue.ASYNC_FIFO)
    await receiver.acknowledge(now)
    [later] = await next_messages(receiver, Queue.ASYNC_FIFO, seconds=5)

    assert numbers([now, later]) == [2, 1]


async def test_the_same_id_within_five_minutes_is_the_same_message(
    database: Database, receiver: Source
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

    assert sorted(numbers(await take(receiver, Queue.CRONJOBS))) == [1, 4]
    assert numbers(await take(receiver, Queue.ASYNC)) == [3]


async def test_in_a_fifo_queue_an_id_is_known_in_its_group_only(
    database: Database, receiver: Source
) -> None:
    for group in ("a", "b", "a"):
        await send(database, Queue.ASYNC_FIFO, {"n": 1}, group=group, deduplication="x")

    found = await take(receiver, Queue.ASYNC_FIFO)
    assert sorted(message.group or "" for message in found) == ["a", "b"]
    for message in found:
        await receiver.acknowledge(message)
    assert await take(receiver, Queue.ASYNC_FIFO) == []


async def test_twenty_senders_of_one_id_at_once_send_one_message(
    database: Database, receiver: Source
) -> None:
    async with asyncio.TaskGroup() as senders:
        for n in range(20):
            senders.create_task(
                send(database, Queue.CRONJOBS, {"n": n}, deduplication="sweep:7")
            )

    assert len(await take(receiver, Queue.CRONJOBS)) == 1


async def test_a_group_s_next_message_waits_for_the_one_in_flight(
    database: Database, receiver: Source
) -> None:
    await send(database, Queue.ASYNC_FIFO, {"n": 1}, {"n": 2}, group="a")
    await send(database, Queue.ASYNC_FIFO, {"n": 3}, group="b")

    first, other = await take(receiver, Queue.ASYNC_FIFO)
    assert numbers([first, other]) == [1, 3]
    assert await take(receiver, Queue.ASYNC_FIFO) == []
    await receiver.acknowledge(first)

    assert numbers(await take(receiver, Queue.ASYNC_FIFO)) == [2]


async def test_a_message_that_comes_back_keeps_its_place_in_its_group(
    database: Database, receiver: Source
) -> None:
    await send(database, Queue.ASYNC_FIFO, {"n": 1}, {"n": 2}, group="a")

    [message] = await take(receiver, Queue.ASYNC_FIFO)
    await receiver.give_back(message, delay_seconds=0.5)
    assert await take(receiver, Queue.ASYNC_FIFO) == []

    assert numbers(await next_messages(receiver, Queue.ASYNC_FIFO, seconds=5)) == [1]


async def test_two_of_a_group_are_never_in_flight_even_if_commits_are_inverted(
    database: Database, receiver: Source
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


async def test_a_fifo_message_needs_a_group(database: Database) -> None:
    with pytest.raises(ValueError, match="group"):
        await send(database, Queue.ASYNC_FIFO, {"n": 1})


async def test_a_batch_is_acknowledged_but_for_what_was_lost(
    database: Database, carrier: Carrier
) -> None:
    receiver = carrier.receiver
    await send(database, Queue.ASYNC, {"n": 1}, {"n": 2})

    [stale] = await take(receiver, limit=1, visibility_seconds=carrier.moment)
    await asyncio.sleep(carrier.moment + 0.1)
    fresh = await take(receiver)

    done = await receiver.acknowledge_all([stale, *fresh])
    assert len(fresh) == 2
    assert done == {message.id for message in fresh}


async def test_a_send_wakes_whoever_waits(database: Database, receiver: Source) -> None:
    waiting = asyncio.create_task(next_messages(receiver, Queue.IOT, seconds=10))
    await asyncio.sleep(0.2)
    await send(database, Queue.IOT, {"n": 1})

    assert numbers(await waiting) == [1]
