"""Nothing is lost, and no order broken, when consumers or the server die."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import pytest
from sqlalchemy import text
from tests.support.carriers import relayed
from tests.support.consumer import TABLE
from tests.support.elasticmq import CREDENTIALS, ElasticMq
from tests.support.postgres import running_postgres, wait_until_it_answers
from tests.support.queues import eventually, next_messages, receiver_at, send

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import PostgresReceiver
from stackyard.embedded.postgres import EmbeddedPostgres
from stackyard.kernel.errors import UnavailableError
from stackyard.kernel.orm import Entity
from stackyard.kernel.queue import Queue

ROOT = Path(__file__).parents[2]
GROUPS, EACH = 40, 125


class Crowd:
    """Consumers of which one is killed now and then, and replaced."""

    def __init__(
        self, url: str, queues: list[Queue], in_sqs: Mapping[Queue, str]
    ) -> None:
        self.url, self.in_sqs = url, in_sqs
        self.members = [(queue, self._start(queue)) for queue in queues]

    def kill_one(self, dice: random.Random) -> None:
        index = dice.randrange(len(self.members))
        queue, process = self.members[index]
        process.kill()
        process.wait(10)
        self.members[index] = (queue, self._start(queue))

    def leave(self) -> None:
        for _, process in self.members:
            process.kill()
            process.wait(10)

    def _start(self, queue: Queue) -> subprocess.Popen[bytes]:
        where = [self.in_sqs[queue]] if self.in_sqs else []
        program = [sys.executable, "-m", "tests.support.consumer"]
        return subprocess.Popen(
            [*program, self.url, queue, "10", *where],
            cwd=ROOT,
            env=os.environ | CREDENTIALS | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )


@contextmanager
def crowd(
    url: str, in_sqs: Mapping[Queue, str] = MappingProxyType({})
) -> Iterator[Crowd]:
    consumers = Crowd(url, [Queue.ASYNC, Queue.ASYNC_FIFO] * 4, in_sqs)
    try:
        yield consumers
    finally:
        consumers.leave()


async def left_in(database: Database) -> int:
    async with database.transaction() as session:
        query = text("SELECT count(*) FROM message_queue_messages")
        return int(await session.scalar(query) or 0)


async def handled(database: Database) -> dict[str | None, list[int]]:
    found: dict[str | None, list[int]] = defaultdict(list)
    async with database.transaction() as session:
        query = text("SELECT message_group, n FROM handled ORDER BY id")
        for group, n in (await session.execute(query)).all():
            found[group].append(n)
    return found


@pytest.mark.timeout(180)
async def test_ten_thousand_messages_survive_consumers_that_are_killed(
    database: Database, database_url: str
) -> None:
    dice = random.Random(7)
    await fill(database)

    with crowd(database_url) as consumers:
        async with asyncio.timeout(150):
            kills = 0
            while left := await left_in(database):
                if kills < 12 and left < 2 * GROUPS * EACH:
                    consumers.kill_one(dice)
                    kills += 1
                await asyncio.sleep(0.5)

    assert kills > 3
    assert_whole_and_in_order(await handled(database))


@pytest.mark.timeout(240)
async def test_ten_thousand_messages_in_sqs_survive_consumers_that_are_killed(
    database: Database,
    database_url: str,
    elasticmq: ElasticMq,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    urls = await elasticmq.make_queues()
    dice = random.Random(7)
    await fill(database)
    async with relayed(database_url, urls, relays=2), asyncio.timeout(100):
        while await left_in(database):  # noqa: ASYNC110 - others empty it
            await asyncio.sleep(0.1)

    with crowd(database_url, urls) as consumers:
        async with asyncio.timeout(120):
            kills, done = 0, 0
            while done < 2 * GROUPS * EACH:
                if kills < 12 and done:
                    consumers.kill_one(dice)
                    kills += 1
                await asyncio.sleep(0.5)
                seen = await handled(database)
                done = sum(len(set(numbers)) for numbers in seen.values())

    assert kills > 3
    assert_whole_and_in_order(await handled(database))


async def fill(database: Database) -> None:
    """Send as many messages in groups as without."""
    async with database.transaction() as session:
        await session.execute(text(TABLE))
    await send(database, Queue.ASYNC, *({"n": n} for n in range(GROUPS * EACH)))
    for group in range(GROUPS):
        bodies = ({"n": n} for n in range(EACH))
        await send(database, Queue.ASYNC_FIFO, *bodies, group=f"{group}")


def assert_whole_and_in_order(found: dict[str | None, list[int]]) -> None:
    assert set(found.pop(None)) == set(range(GROUPS * EACH))
    assert len(found) == GROUPS
    for seen in found.values():
        assert set(seen) == set(range(EACH))
        # again after a kill, perhaps; but never before its predecessor
        assert all(later - earlier in {0, 1} for earlier, later in pairwise(seen)), seen


@pytest.fixture
def own_server() -> Iterator[EmbeddedPostgres]:
    with tempfile.TemporaryDirectory(prefix="stackyard-queue-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with running_postgres(folder) as server:
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
            await database.engine.dispose()


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
