"""What the way over SQS promises beyond `test_queue.py`, on ElasticMQ.

Not shown here, for ElasticMQ is laxer than SQS: that SQS itself refuses a receipt whose
time is up (our own clock refuses it before), and that it knows an id per group.
"""

import asyncio
import base64
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping

import pytest
from sqlalchemy import text
from tests.support.carriers import relayed
from tests.support.elasticmq import CREDENTIALS, REGION, ElasticMq, depth_of
from tests.support.ports import free_port
from tests.support.proxy import CuttableProxy
from tests.support.queues import next_messages, numbers, send, take

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import (
    DeadLetterArchive,
    Listener,
    PostgresReceiver,
    Relay,
)
from stackyard.adapters.sqs import (
    SqsConnection,
    SqsReceiver,
    SqsRefusedError,
    SqsUnavailableError,
)
from stackyard.kernel.queue import Message, Queue


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
async def urls(elasticmq: ElasticMq) -> Mapping[Queue, str]:
    return await elasticmq.make_queues()


@pytest.fixture
async def connection(urls: Mapping[Queue, str]) -> AsyncIterator[SqsConnection]:
    async with SqsConnection.open(urls, region=REGION) as connection:
        yield connection


@pytest.fixture
async def receiver(
    connection: SqsConnection, database: Database
) -> AsyncIterator[SqsReceiver]:
    async with SqsReceiver.open(connection, DeadLetterArchive(database)) as receiver:
        yield receiver


@pytest.fixture
async def outbox(database_url: str) -> AsyncIterator[PostgresReceiver]:
    unheard = Listener("postgresql://unused")
    async with PostgresReceiver.open(database_url, unheard) as outbox:
        yield outbox


async def left_in(database: Database) -> list[tuple[str, str | None]]:
    query = text("SELECT queue, dead_reason FROM message_queue_messages ORDER BY id")
    async with database.transaction() as session:
        return [(row[0], row[1]) for row in await session.execute(query)]


async def test_several_relays_at_once_keep_the_order_of_every_group(
    database: Database, database_url: str, urls: Mapping[Queue, str]
) -> None:
    groups, each = 8, 25
    for n in range(each):
        for group in range(groups):
            await send(database, Queue.ASYNC_FIFO, {"n": n}, group=f"{group}")

    seen: dict[str | None, list[int]] = defaultdict(list)
    async with (
        relayed(database_url, urls, relays=3) as receiver,
        relayed(database_url, urls, relays=2),
        asyncio.timeout(60),
    ):
        while sum(map(len, seen.values())) < groups * each:
            for message in await next_messages(
                receiver.sqs, Queue.ASYNC_FIFO, limit=10
            ):
                seen[message.group].append(message.body["n"])
                await receiver.acknowledge(message)

    assert dict(seen) == {f"{group}": list(range(each)) for group in range(groups)}


async def test_what_a_killed_relay_had_sent_already_is_not_sent_twice(
    database: Database,
    outbox: PostgresReceiver,
    connection: SqsConnection,
    receiver: SqsReceiver,
) -> None:
    await send(database, Queue.ASYNC_FIFO, {"n": 1}, {"n": 2}, group="g")
    # it was sent, and then the relay died: its row comes back
    [first] = await take(outbox, Queue.ASYNC_FIFO, visibility_seconds=0.2)
    await connection.forward(Queue.ASYNC_FIFO, [first])
    await asyncio.sleep(0.3)

    relay = Relay(outbox, connection, {Queue.ASYNC_FIFO})
    assert [await relay.relay_batch(Queue.ASYNC_FIFO) for _ in range(3)] == [1, 1, 0]

    seen = []
    while messages := await take(receiver, Queue.ASYNC_FIFO):
        seen += numbers(messages)
        await receiver.acknowledge(messages[0])
    assert seen == [1, 2]


async def test_while_sqs_is_away_the_outbox_keeps_everything_and_its_count(
    database: Database, elasticmq: ElasticMq, outbox: PostgresReceiver
) -> None:
    urls = await elasticmq.make_queues()
    network = CuttableProxy(elasticmq.port)
    there = {
        queue: url.replace(f":{elasticmq.port}/", f":{network.port}/")
        for queue, url in urls.items()
    }
    await send(database, Queue.ASYNC, *({"n": n} for n in range(12)))
    async with SqsConnection.open(there, region=REGION) as connection:
        relay = Relay(outbox, connection, {Queue.ASYNC})
        network.target_port = free_port()
        with pytest.raises(SqsUnavailableError) as raised:
            await relay.relay_batch(Queue.ASYNC)
        assert raised.value.facts["setting"] == "MESSAGE_QUEUE_SQS_ASYNC_URL"
        assert await left_in(database) == [("async", None)] * 12

        network.target_port = elasticmq.port
        async with asyncio.timeout(20):
            while await left_in(database):
                if not await relay.relay_batch(Queue.ASYNC):
                    await outbox.wait(Queue.ASYNC)
    network.close()

    assert await depth_of(elasticmq, urls[Queue.ASYNC]) == 12


async def test_a_relay_that_is_told_to_leave_leaves_nothing_in_its_hand(
    database: Database, outbox: PostgresReceiver
) -> None:
    class Hanging:
        async def forward(self, queue: Queue, messages: object) -> None:
            await asyncio.sleep(60)

    await send(database, Queue.ASYNC, {"n": 1})
    relay = Relay(outbox, Hanging(), {Queue.ASYNC})  # type: ignore[arg-type]
    relaying = asyncio.create_task(relay.relay_batch(Queue.ASYNC))
    await asyncio.sleep(0.3)
    relaying.cancel()
    await asyncio.gather(relaying, return_exceptions=True)

    [message] = await next_messages(outbox, Queue.ASYNC, seconds=5)
    assert message.receives - message.returns == 1


async def test_what_sqs_would_never_take_dies_in_the_outbox_and_alone(
    database: Database,
    outbox: PostgresReceiver,
    connection: SqsConnection,
    receiver: SqsReceiver,
) -> None:
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO message_queue_messages (queue, body) VALUES ('async',"
                " jsonb_build_object('n', 0, 'x', repeat('x', 300000)))"
            )
        )
    await send(database, Queue.ASYNC, {"n": 1})

    await Relay(outbox, connection, {Queue.ASYNC}).relay_batch(Queue.ASYNC)

    assert numbers(await take(receiver)) == [1]
    assert await left_in(database) == [("dlq", "SQS refused it: larger than 256 KiB")]


async def test_a_batch_that_would_be_too_large_in_all_is_sent_in_parts(
    database: Database,
    outbox: PostgresReceiver,
    connection: SqsConnection,
    receiver: SqsReceiver,
) -> None:
    bodies = [{"n": n, "x": "x" * 100_000} for n in range(5)]
    await send(database, Queue.ASYNC, *bodies)

    await Relay(outbox, connection, {Queue.ASYNC}).relay_batch(Queue.ASYNC)

    assert await left_in(database) == []
    found = await take(receiver)
    while more := await take(receiver):
        found += more
    assert sorted(numbers(found)) == [0, 1, 2, 3, 4]


async def test_a_delay_longer_than_sqs_knows_is_waited_for_in_the_outbox(
    database: Database, database_url: str, urls: Mapping[Queue, str]
) -> None:
    await send(database, Queue.ASYNC, {"n": 1}, delay_seconds=3 * 3600)
    async with relayed(database_url, urls) as receiver:
        assert await take(receiver.sqs) == []
        async with database.transaction() as session:
            await session.execute(
                text(
                    "UPDATE message_queue_messages SET"
                    " visible_at = visible_at - interval '3 hours',"
                    " due_at = due_at - interval '3 hours'"
                )
            )

        assert numbers(await next_messages(receiver, Queue.ASYNC)) == [1]


async def test_what_is_held_comes_back_to_others_when_its_holder_leaves(
    database: Database, connection: SqsConnection, receiver: SqsReceiver
) -> None:
    async with SqsReceiver.open(connection, DeadLetterArchive(database)) as leaving:
        await connection.send(Queue.ASYNC, letter({"n": 1}))
        [message] = await take(leaving, visibility_seconds=60)
        assert await leaving.give_back(message, delay_seconds=0)
        assert await take(receiver) == []

    [message] = await next_messages(receiver, Queue.ASYNC, seconds=5)
    assert (message.receives, message.returns) == (2, 0)  # SQS counts; see the record


async def test_a_holder_that_dies_keeps_nobody_waiting_for_long(
    database: Database, connection: SqsConnection, receiver: SqsReceiver
) -> None:
    dying = SqsReceiver(connection, DeadLetterArchive(database))
    await connection.send(Queue.ASYNC, letter({"n": 1}))
    [message] = await take(dying, visibility_seconds=1)
    # what it did before it died: it hid the message for a while, not for ever
    assert await dying.extend(message, visibility_seconds=2)

    assert numbers(await next_messages(receiver, Queue.ASYNC, seconds=10)) == [1]


async def test_one_that_is_held_lets_others_of_its_queue_pass_but_not_of_its_group(
    receiver: SqsReceiver, connection: SqsConnection
) -> None:
    for n, group in ((1, "a"), (2, "a"), (3, "b")):
        sent = letter({"n": n}, id=f"{n}", queue=Queue.ASYNC_FIFO, group=group)
        await connection.send(Queue.ASYNC_FIFO, sent)

    [first] = await take(receiver, Queue.ASYNC_FIFO, limit=1)
    assert await receiver.give_back(first, delay_seconds=2)
    assert numbers(await take(receiver, Queue.ASYNC_FIFO)) == [3]
    [again] = await next_messages(receiver, Queue.ASYNC_FIFO, seconds=10)
    assert (again.body, again.returns, again.receives) == ({"n": 1}, 1, 2)


async def test_a_poll_goes_on_when_its_waiter_has_something_else_to_do(
    receiver: SqsReceiver, connection: SqsConnection
) -> None:
    assert await take(receiver) == []
    waiting = asyncio.create_task(receiver.wait(Queue.ASYNC))
    await asyncio.sleep(0.3)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await connection.send(Queue.ASYNC, letter({"n": 1}))

    [message] = await next_messages(receiver, Queue.ASYNC, seconds=10)
    assert message.receives == 1  # not once for a poll that nobody read


async def test_what_the_rule_of_iot_core_put_there_is_received_as_an_object(
    elasticmq: ElasticMq, urls: Mapping[Queue, str], receiver: SqsReceiver
) -> None:
    said = {"timestamp": 1, "worker_pool_ulid": "P", "worker_ulid": "W", "busy": True}
    async with elasticmq.client() as client:
        await client.send_message(
            QueueUrl=urls[Queue.IOT],
            MessageBody=base64.b64encode(json.dumps(said).encode()).decode(),
        )

    [message] = await next_messages(receiver, Queue.IOT, seconds=10)
    assert message.body == said


async def test_a_queue_that_is_not_there_is_named_by_its_setting(
    urls: Mapping[Queue, str], database: Database
) -> None:
    wrong = {**urls, Queue.WEBHOOKS: urls[Queue.WEBHOOKS] + "-gone"}
    async with SqsConnection.open(wrong, region=REGION) as connection:
        receiver = SqsReceiver(connection, DeadLetterArchive(database))
        with pytest.raises(SqsRefusedError) as raised:
            await take(receiver, Queue.WEBHOOKS)

    assert raised.value.facts["setting"] == "MESSAGE_QUEUE_SQS_WEBHOOKS_URL"
    # two protocols of SQS call it differently
    assert str(raised.value.facts["reason"]).endswith(
        ("DoesNotExist", "NonExistentQueue")
    )


async def test_what_cannot_be_buried_is_left_to_the_redrive_policy_of_its_queue(
    urls: Mapping[Queue, str], database: Database, receiver: SqsReceiver
) -> None:
    wrong = {**urls, Queue.DLQ: urls[Queue.DLQ] + "-forbidden"}
    async with SqsConnection.open(wrong, region=REGION) as connection:
        barred = SqsReceiver(connection, DeadLetterArchive(database))
        await connection.send(Queue.ASYNC, letter({"n": 1}))
        [message] = await take(barred)
        with pytest.raises(SqsRefusedError):
            await barred.bury(message, reason="no")
        # nothing was lost by it, and it was received once more, no less
        assert await barred.extend(message, visibility_seconds=0)

    [again] = await next_messages(receiver, Queue.ASYNC, seconds=10)
    assert (again.body, again.receives) == ({"n": 1}, 2)


async def test_a_dead_letter_that_is_told_of_twice_is_kept_once(
    database: Database, receiver: SqsReceiver, connection: SqsConnection
) -> None:
    await connection.send(Queue.ASYNC, letter({"n": 1}))
    [message] = await take(receiver)
    await receiver.bury(message, reason="no")
    [dead] = await next_messages(receiver, Queue.DLQ)

    await receiver.archive.keep(dead)  # and then the drain died
    assert await receiver.bury(dead, reason="told an operator")

    assert await left_in(database) == [("dlq", "no")]
    assert await take(receiver, Queue.DLQ) == []


def letter(
    body: dict[str, object],
    *,
    id: str = "1",  # noqa: A002 - as the message calls it
    queue: Queue = Queue.ASYNC,
    group: str | None = None,
) -> Message:
    return Message(id=id, queue=queue, body=body, group=group, receipt="", receives=1)
