"""A pooler in transaction mode gives every transaction another session."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from sqlalchemy import text
from tests.support.pooler import running_pooler
from tests.support.postgres import administer, clone_name
from tests.support.queues import eventually, send

from stackyard.adapters.postgres import Database
from stackyard.adapters.postgres.dial import LIMITS, Connection
from stackyard.adapters.postgres.ear import DeafError, listening
from stackyard.adapters.postgres.live import LiveHub
from stackyard.adapters.postgres.migrate import upgrade
from stackyard.adapters.queue import Listener, PostgresReceiver
from stackyard.kernel.queue import Queue


@pytest.fixture(scope="module")
def pooler_port(postgres_port: int) -> Iterator[int]:
    with running_pooler(postgres_port, size=3) as port:
        yield port


@pytest.fixture
def pooled_url(database_url: str, postgres_port: int, pooler_port: int) -> str:
    return database_url.replace(f":{postgres_port}/", f":{pooler_port}/")


@pytest.fixture
async def pooled(pooled_url: str) -> AsyncIterator[Database]:
    database = Database.connect(pooled_url)
    yield database
    await database.close()


async def test_a_pooler_is_found_out_and_a_server_is_not_taken_for_one(
    pooled_url: str, database_url: str
) -> None:
    for url, is_pooled in ((pooled_url, True), (database_url, False)):
        connection = await Connection.dial(url)
        assert connection.pooled is is_pooled
        assert (connection.prepare_threshold is None) is is_pooled
        await connection.close()


async def test_nothing_is_prepared_for_whoever_asks_us_not_to(
    database_url: str,
) -> None:
    async def prepared(url: str) -> int:
        connection = await Connection.dial(url, autocommit=True)
        for _ in range(10):
            await connection.execute("SELECT 1")
        asked = await connection.execute("SELECT count(*) FROM pg_prepared_statements")
        row = await asked.fetchone()
        await connection.close()
        assert row
        return int(row[0])

    assert await prepared(database_url) > 0
    assert await prepared(f"{database_url}?statement_cache_capacity=0") == 0


async def test_many_transactions_share_few_sessions(pooled: Database) -> None:
    async def ask(number: int) -> int:
        async with pooled.transaction() as session:
            query = text("SELECT CAST(:n AS int) + 0 * length(pg_sleep(0.001)::text)")
            return int(await session.scalar(query, {"n": number}) or 0)

    found = await asyncio.gather(*(ask(number) for number in range(300)))
    assert found == list(range(300))


async def test_limits_are_set_for_each_transaction_and_for_nobody_else(
    pooled: Database, pooled_url: str
) -> None:
    async with pooled.transaction() as session:
        for name, milliseconds in LIMITS.items():
            query = text("SELECT setting::int FROM pg_settings WHERE name = :name")
            assert await session.scalar(query, {"name": name}) == milliseconds

    with psycopg.connect(pooled_url, autocommit=True) as connection:
        for name in LIMITS:
            shown = connection.execute(f"SHOW {name}".encode()).fetchone()
            assert shown == ("0",)


async def test_who_listens_through_it_is_told_that_nothing_will_be_heard(
    pooled_url: str,
) -> None:
    with pytest.raises(DeafError):
        async with listening(pooled_url, "anything"):
            pass


async def test_messages_arrive_through_it_by_polling(
    pooled: Database, pooled_url: str
) -> None:
    listener = Listener(pooled_url)
    listening = asyncio.create_task(listener.run())
    opened = PostgresReceiver.open(
        pooled_url, listener, poll_seconds=60, deaf_seconds=0.2
    )
    try:
        async with asyncio.timeout(10), opened as receiver:
            assert not await receiver.receive(
                Queue.ASYNC, limit=1, visibility_seconds=9
            )
            waiting = asyncio.create_task(receiver.wait(Queue.ASYNC))
            await send(pooled, Queue.ASYNC, {"n": 1})
            await waiting
            [message] = await receiver.receive(
                Queue.ASYNC, limit=1, visibility_seconds=9
            )
            assert await receiver.acknowledge(message)
        assert not listener.hears
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def test_past_it_everything_is_heard(pooled: Database, database_url: str) -> None:
    listener = Listener(database_url)
    listening = asyncio.create_task(listener.run())
    try:
        await eventually(lambda: listener.hears)
        rung = listener.rung(Queue.ASYNC)
        await send(pooled, Queue.ASYNC, {"n": 1})
        await eventually(lambda: listener.rung(Queue.ASYNC) > rung)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def test_viewers_are_woken_though_nothing_is_heard(pooled_url: str) -> None:
    hub = LiveHub(pooled_url, "anything")
    running = asyncio.create_task(hub.run())
    try:
        async with asyncio.timeout(20), hub.watch("run") as hint:
            for _ in range(3):
                await hint.wait()
                hint.clear()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_many_processes_migrate_through_it_at_once(
    postgres_port: int, pooler_port: int
) -> None:
    name = clone_name()
    administer(postgres_port, f"CREATE DATABASE {name}")
    url = f"postgresql://postgres@127.0.0.1:{pooler_port}/{name}"
    try:
        async with asyncio.timeout(60):
            await asyncio.gather(*(asyncio.to_thread(upgrade, url) for _ in range(3)))
        with psycopg.connect(url, prepare_threshold=None) as connection:
            versions = connection.execute("TABLE alembic_version").fetchall()
        assert len(versions) == 1
    finally:
        administer(postgres_port, f"DROP DATABASE {name} WITH (FORCE)")
