"""From a transaction to a worker, whichever replica holds its connection."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiomqtt
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.support.broker import (
    HOST,
    House,
    Pool,
    Raw,
    eventually,
    running_house,
    subscribe,
)

from stackyard.adapters.mqtt import BrokerCourier, Fanout
from stackyard.adapters.postgres import Database
from stackyard.kernel.errors import UnavailableError
from stackyard.kernel.ids import WorkerId
from stackyard_protocol.mqtt import Ping, StopRun

W = WorkerId("W")


@dataclass
class Replicas:
    """Two servers on one database, as far as messages are concerned."""

    database: Database
    houses: list[House]
    got: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def payloads(self) -> list[bytes]:
        return [payload for _, payload in self.got]

    def pool(self) -> Pool:
        pool = self.houses[0].pool()
        for house in self.houses:
            house.known[pool.der] = pool.id
        return pool

    async def send(self, pool: Pool, name: str, worker: WorkerId = W) -> None:
        async with self.database.transaction() as session:
            message = StopRun(run=name, leg="")
            await BrokerCourier(session).send(pool.id, worker, message)

    async def rows(self) -> int:
        async with self.database.transaction() as session:
            count = await session.scalar(text("SELECT count(*) FROM broker_deliveries"))
        return int(count or 0)

    async def no_rows_are_left(self) -> None:
        async with asyncio.timeout(15):
            while await self.rows():  # noqa: ASYNC110 - the database does not call us
                await asyncio.sleep(0.05)

    async def kill_listeners(self, pattern: str = "LISTEN%") -> int:
        async with self.database.transaction() as session:
            killed = await session.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
                    " datname = current_database() AND pid <> pg_backend_pid() AND"
                    " (query ILIKE :pattern OR query = 'SELECT 1')"
                ),
                {"pattern": pattern},
            )
            return len(killed.all())

    @asynccontextmanager
    async def worker(
        self, house: House, pool: Pool, name: str = "W"
    ) -> AsyncIterator[None]:
        """Dial in as a worker that puts down whatever it is sent."""
        async with aiomqtt.Client(
            HOST, house.port, tls_context=pool.context(), identifier=name
        ) as client:
            await client.subscribe(pool.inbox(name), qos=1)
            reading = asyncio.create_task(self._read(client, name))
            try:
                yield
            finally:
                reading.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await reading

    async def _read(self, client: aiomqtt.Client, name: str) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            self.got.append((name, message.payload))


def stop(name: str) -> bytes:
    return f'{{"kind":"stop_run","run":"{name}","leg":""}}'.encode()


@pytest.fixture
async def replicas(
    tmp_path: Path, database: Database, database_url: str
) -> AsyncIterator[Replicas]:
    async with AsyncExitStack() as stack:
        houses = []
        for _ in range(2):
            house = await stack.enter_async_context(running_house(tmp_path))
            fanout = Fanout(database_url, database.engine, house.broker)
            task = asyncio.create_task(fanout.run())
            stack.push_async_callback(_end, task)
            houses.append(house)
        yield Replicas(database, houses)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_message_finds_the_replica_that_holds_the_worker(
    replicas: Replicas,
) -> None:
    pool = replicas.pool()
    one, other = replicas.houses
    async with replicas.worker(one, pool, "a"), replicas.worker(other, pool, "b"):
        await replicas.send(pool, "1", WorkerId("a"))
        await replicas.send(pool, "2", WorkerId("b"))
        await eventually(lambda: len(replicas.got) == 2, "delivered")
        assert sorted(replicas.got) == [("a", stop("1")), ("b", stop("2"))]
        await replicas.no_rows_are_left()


async def test_a_transaction_that_fails_sends_nothing(replicas: Replicas) -> None:
    pool = replicas.pool()
    async with replicas.worker(replicas.houses[0], pool):
        with contextlib.suppress(ZeroDivisionError):
            async with replicas.database.transaction() as session:
                await BrokerCourier(session).send(pool.id, W, Ping())
                raise ZeroDivisionError
        await replicas.send(pool, "after")
        await eventually(lambda: bool(replicas.got), "delivered")
        assert replicas.payloads == [stop("after")]


async def test_messages_to_one_worker_arrive_in_order(replicas: Replicas) -> None:
    pool = replicas.pool()
    async with replicas.worker(replicas.houses[0], pool):
        for number in range(100):
            await replicas.send(pool, str(number))
        await eventually(lambda: len(replicas.got) >= 100, "delivered")
        assert replicas.payloads == [stop(str(number)) for number in range(100)]


async def test_an_earlier_row_that_commits_later_is_not_skipped(
    replicas: Replicas,
) -> None:
    pool = replicas.pool()
    async with replicas.worker(replicas.houses[0], pool):
        async with replicas.database.transaction() as session:
            early = StopRun(run="early", leg="")
            await BrokerCourier(session).send(pool.id, W, early)
            await replicas.send(pool, "late")
            await eventually(lambda: bool(replicas.got), "delivered")
        await eventually(lambda: len(replicas.got) == 2, "both")
        assert replicas.payloads == [stop("late"), stop("early")]


async def test_a_worker_that_comes_a_little_later_gets_what_waits_for_it(
    replicas: Replicas,
) -> None:
    pool = replicas.pool()
    await replicas.send(pool, "waiting")
    async with replicas.worker(replicas.houses[1], pool):
        await eventually(lambda: bool(replicas.got), "delivered")
    await replicas.no_rows_are_left()


async def test_what_a_worker_did_not_acknowledge_it_gets_on_its_next_connection(
    replicas: Replicas,
) -> None:
    pool = replicas.pool()
    one, other = replicas.houses
    raw = await Raw.enter(one, pool)
    raw.say(subscribe(pool.inbox()))
    await raw.read(5)
    await replicas.send(pool, "precious")
    assert stop("precious")[:10] in await raw.read(80)  # read, but not acknowledged
    raw.hang_up()
    async with replicas.worker(other, pool):
        await eventually(lambda: bool(replicas.got), "delivered")
    assert replicas.payloads == [stop("precious")]


async def test_nothing_is_lost_when_the_listeners_are_cut(replicas: Replicas) -> None:
    pool = replicas.pool()
    one, other = replicas.houses
    sent, killed = [], 0
    async with replicas.worker(one, pool, "a"), replicas.worker(other, pool, "b"):
        for number in range(200):
            name = "ab"[number % 2]
            await replicas.send(pool, str(number), WorkerId(name))
            sent.append((name, stop(str(number))))
            if number % 40 == 20:
                killed += await replicas.kill_listeners()
        await eventually(lambda: set(replicas.got) >= set(sent), "all delivered", 30)
        await replicas.no_rows_are_left()
    assert killed >= 2
    assert set(replicas.got) == set(sent)


async def test_nothing_is_lost_when_every_connection_to_the_database_is_cut(
    replicas: Replicas,
) -> None:
    pool = replicas.pool()
    sent = []
    async with replicas.worker(replicas.houses[0], pool):
        for number in range(60):
            with contextlib.suppress(DBAPIError, UnavailableError):
                await replicas.send(pool, str(number))
                sent.append(stop(str(number)))
            if number % 20 == 10:
                await replicas.kill_listeners("%")
        await eventually(lambda: {*replicas.payloads} >= {*sent}, "all delivered", 30)
        await replicas.no_rows_are_left()
    assert len(sent) > 40


async def test_a_pools_connections_are_cut_in_every_replica(replicas: Replicas) -> None:
    pool, other = replicas.pool(), replicas.pool()
    raws = [await Raw.enter(house, pool) for house in replicas.houses]
    await Raw.enter(replicas.houses[0], other)
    async with asyncio.timeout(15):
        while any(pool.id in house.broker.pools() for house in replicas.houses):
            async with replicas.database.transaction() as session:
                await BrokerCourier(session).cut(pool.id)
            await asyncio.sleep(0.1)
    for raw in raws:
        assert await raw.rest() == b""
    assert replicas.houses[0].broker.pools() == [other.id]


async def test_what_nobody_fetches_is_forgotten_after_a_while(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    async with running_house(tmp_path) as house:
        replicas = Replicas(database, [house])
        pool = house.pool()
        await replicas.send(pool, "old")
        async with database.transaction() as session:
            await session.execute(
                text("UPDATE broker_deliveries SET created_at = now() - interval '61s'")
            )
        await replicas.send(pool, "young")
        fanout = Fanout(database_url, database.engine, house.broker, sweep_seconds=0.1)
        task = asyncio.create_task(fanout.run())
        async with asyncio.timeout(15):
            while await replicas.rows() > 1:  # noqa: ASYNC110 - the same
                await asyncio.sleep(0.05)
        async with replicas.worker(house, pool):
            await eventually(lambda: bool(replicas.got), "delivered")
        assert replicas.payloads == [stop("young")]
        await _end(task)
