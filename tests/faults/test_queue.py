"""Nothing is lost, and no order broken, when consumers or the server die."""

import asyncio
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text
from tests.support.carriers import BUILT_IN, SQS, Carrier, running_carrier
from tests.support.consumer import TABLE
from tests.support.crowd import crowd
from tests.support.elasticmq import CREDENTIALS, ElasticMq, depth_of
from tests.support.holdings import (
    Holding,
    assert_in_order,
    assert_never_in_two_hands,
    holdings,
)
from tests.support.postgres import running_postgres, wait_until_it_answers
from tests.support.queues import eventually, next_messages, receiver_at, send, take
from tests.support.room import quick_folder

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import PostgresReceiver
from stackyard.embedded.postgres import EmbeddedPostgres
from stackyard.kernel.errors import UnavailableError
from stackyard.kernel.orm import Entity
from stackyard.kernel.queue import DEAD, MAX_RECEIVES, Message, Queue

ROUNDS, GROUPS, EACH = 3, 40, 42
ALONE = GROUPS * EACH  # as many without a group as with one
# A round ends when nothing is left of it. So no message is in the hands of more than
# two that are killed, which it outlives: it may be received three times.
VICTIMS = [Queue.ASYNC, Queue.ASYNC_FIFO] * (MAX_RECEIVES - 1)


@pytest.fixture(params=[BUILT_IN, SQS])
async def carrier(
    request: pytest.FixtureRequest, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Carrier]:
    server: ElasticMq | None = None
    if request.param == SQS:
        server = request.getfixturevalue("elasticmq")
        for name, value in CREDENTIALS.items():
            monkeypatch.setenv(name, value)
    async with running_carrier(database_url, server) as carrier:
        yield carrier


@pytest.mark.timeout(300)
async def test_ten_thousand_messages_survive_consumers_that_are_killed(
    database: Database,
    database_url: str,
    carrier: Carrier,
    request: pytest.FixtureRequest,
) -> None:
    server = request.getfixturevalue("elasticmq") if carrier.urls else None
    dice = random.Random(7)
    async with database.transaction() as session:
        await session.execute(text(TABLE))

    async def left_are(most: int) -> None:
        while await left(database, carrier, server) > most:  # noqa: ASYNC110 - others empty it
            await asyncio.sleep(0.1)

    with crowd(database_url, carrier.urls) as consumers:
        async with asyncio.timeout(270):
            for number in range(ROUNDS):
                await fill(database, number)
                for kill, queue in enumerate(VICTIMS, start=1):
                    await left_are(2 * ALONE * (8 - kill) // 8)
                    consumers.kill_one(queue, dice)
                await left_are(0)

    found = await holdings(database)
    assert_never_in_two_hands(found)
    assert_every_good_one_was_done(found)
    assert_in_order(found)
    assert_dead_letters_are_the_poison([one async for one in dead_letters(carrier)])


def a_body(n: int) -> dict[str, Any]:
    """Return one of which every eighteenth is too much for its consumer."""
    return {"n": n, "poison": n % 18 == 7, "said": f"n\u00famero {n}\n" * (n % 3)}


def all_sent(*, poison: bool) -> set[tuple[str | None, int]]:
    alone = {(None, n) for n in range(ROUNDS * ALONE)}
    grouped = {(f"{g}", n) for g in range(GROUPS) for n in range(ROUNDS * EACH)}
    return {one for one in alone | grouped if a_body(one[1])["poison"] is poison}


async def fill(database: Database, number: int) -> None:
    """Send the messages of a round."""
    alone = range(number * ALONE, (number + 1) * ALONE)
    await send(database, Queue.ASYNC, *map(a_body, alone))
    for group in range(GROUPS):
        bodies = map(a_body, range(number * EACH, (number + 1) * EACH))
        await send(database, Queue.ASYNC_FIFO, *bodies, group=f"{group}")


async def left(database: Database, carrier: Carrier, server: ElasticMq | None) -> int:
    """Return how many messages are not dead, but may yet be received."""
    query = text(
        "SELECT count(*) FROM message_queue_messages"
        " WHERE queue NOT IN ('dlq', 'dlq-fifo')"
    )
    async with database.transaction() as session:
        count = int(await session.scalar(query) or 0)
    if server:
        for queue in (Queue.ASYNC, Queue.ASYNC_FIFO):
            count += await depth_of(server, carrier.urls[queue])
    return count


async def dead_letters(carrier: Carrier) -> AsyncIterator[Message]:
    for queue in DEAD:
        while messages := await take(carrier.receiver, queue):
            for message in messages:
                yield message
                assert await carrier.receiver.acknowledge(message)


def assert_every_good_one_was_done(found: list[Holding]) -> None:
    done = {(one.group, one.n) for one in found if one.done_at is not None}
    assert done >= all_sent(poison=False)


def assert_dead_letters_are_the_poison(letters: list[Message]) -> None:
    """Each of them once, as it was sent, and none of the others."""
    assert Counter((one.group, one.body["n"]) for one in letters) == Counter(
        all_sent(poison=True)
    )
    for one in letters:
        assert one.body == a_body(one.body["n"])
        assert one.origin == (Queue.ASYNC if one.group is None else Queue.ASYNC_FIFO)
        assert one.queue == one.origin.dead_letters


@pytest.fixture
def own_server() -> Iterator[EmbeddedPostgres]:
    with quick_folder() as folder, running_postgres(folder) as server:
        yield server


async def test_what_was_sent_before_the_server_fell_is_received_after_it_rose(
    own_server: EmbeddedPostgres,
) -> None:
    url = own_server.url.replace("/stackyard", "/postgres")
    database = Database.connect(url)
    async with database.engine.begin() as connection:
        await connection.run_sync(Entity.metadata.create_all)
    async with receiver_at(url) as receiver:
        await send(database, Queue.ASYNC, {"n": 1}, {"n": 2})
        [in_hand] = await receiver.receive(Queue.ASYNC, limit=1, visibility_seconds=60)

        _kill(own_server)
        with pytest.raises(UnavailableError):
            await receiver.receive(Queue.ASYNC, limit=1, visibility_seconds=60)
        with _risen(own_server):
            assert await receiver.acknowledge(in_hand)
            await _hears_again(receiver)
            [other] = await next_messages(receiver, Queue.ASYNC)
            assert other.body == {"n": 2}
            waiting = asyncio.create_task(next_messages(receiver, Queue.IOT))
            await asyncio.sleep(0.2)
            await send(database, Queue.IOT, {"n": 3})
            assert [message.body for message in await waiting] == [{"n": 3}]
            await database.close()


async def _hears_again(receiver: PostgresReceiver) -> None:
    await eventually(lambda: receiver.listener.hears)


def _kill(server: EmbeddedPostgres) -> None:
    """Have it drop everything at once, as in a crash."""
    lock = server.data / "postmaster.pid"
    os.kill(int(lock.read_text().split()[0]), signal.SIGQUIT)
    deadline = time.monotonic() + 20
    while lock.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def _risen(server: EmbeddedPostgres) -> Iterator[None]:
    with subprocess.Popen(
        server.command(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **server.identity(),
    ) as process:
        try:
            wait_until_it_answers(server.port)
            yield
        finally:
            process.send_signal(signal.SIGINT)  # not waiting for its clients
