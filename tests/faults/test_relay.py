"""Nothing is lost, doubled in a group, or out of order when relays are killed."""

import asyncio
import os
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.support.elasticmq import CREDENTIALS, REGION, ElasticMq
from tests.support.queues import send, take

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import DeadLetterArchive
from stackyard.adapters.sqs import SqsConnection, SqsReceiver
from stackyard.kernel.queue import Queue

ROOT = Path(__file__).parents[2]
GROUPS, EACH = 20, 40
KILLS = 8


class Relays:
    """Some, of which one is killed now and then, and replaced."""

    def __init__(self, url: str, queues: list[str], count: int) -> None:
        self.command = [sys.executable, "-m", "tests.support.relaying", url, *queues]
        self.members = [self._start() for _ in range(count)]

    def kill_one(self, dice: random.Random) -> None:
        index = dice.randrange(len(self.members))
        self.members[index].kill()
        self.members[index].wait(10)
        self.members[index] = self._start()

    def leave(self) -> None:
        for one in self.members:
            one.kill()
            one.wait(10)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )


@contextmanager
def relays(url: str, queues: list[str], count: int) -> Iterator[Relays]:
    running = Relays(url, queues, count)
    try:
        yield running
    finally:
        running.leave()


async def left_in(database: Database) -> int:
    async with database.transaction() as session:
        query = text("SELECT count(*) FROM message_queue_messages")
        return int(await session.scalar(query) or 0)


async def drained(receiver: SqsReceiver, queue: Queue) -> dict[str | None, list[int]]:
    """Return what is in *queue* by group, in the order in which it is given out."""
    found: dict[str | None, list[int]] = defaultdict(list)
    while messages := await take(receiver, queue):
        for message in messages:
            found[message.group].append(message.body["n"])
            await receiver.acknowledge(message)
    return found


@pytest.mark.timeout(240)
async def test_relays_that_are_killed_lose_nothing_and_keep_the_order(
    database: Database,
    database_url: str,
    elasticmq: ElasticMq,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    urls = await elasticmq.make_queues()
    dice = random.Random(7)
    await send(database, Queue.ASYNC, *({"n": n} for n in range(GROUPS * EACH)))
    for group in range(GROUPS):
        bodies = ({"n": n} for n in range(EACH))
        await send(database, Queue.ASYNC_FIFO, *bodies, group=f"{group}")

    queues = [f"{one}={urls[one]}" for one in (Queue.ASYNC, Queue.ASYNC_FIFO)]
    with relays(database_url, queues, 3) as running:
        async with asyncio.timeout(180):
            kills, before = 0, await left_in(database)
            while left := await left_in(database):
                # the next one dies when there is something in its hands again
                if kills < KILLS and left < before:
                    running.kill_one(dice)
                    kills, before = kills + 1, left
                await asyncio.sleep(0.2)

    assert kills > 2
    async with (
        SqsConnection.open(urls, region=REGION) as connection,
        SqsReceiver.open(connection, DeadLetterArchive(database)) as receiver,
    ):
        ordered = await drained(receiver, Queue.ASYNC_FIFO)
        assert ordered == {f"{group}": list(range(EACH)) for group in range(GROUPS)}
        # a standard queue knows no ids: what a relay had sent may come again
        unordered = (await drained(receiver, Queue.ASYNC))[None]
        assert set(unordered) == set(range(GROUPS * EACH))
        assert len(unordered) <= GROUPS * EACH + KILLS * 10
