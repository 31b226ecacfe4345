"""Statements on few connections: whatever befalls one, the next has a good one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import text
from tests.support.postgres import administer

from stackyard.adapters.postgres import StatementPool
from stackyard.adapters.postgres.statement_pool import Transaction
from stackyard.kernel.errors import UnavailableError

SETUP = text("SELECT set_config('enable_seqscan', 'off', :local)")
WHO = text(
    "SELECT pg_backend_pid() AS pid, current_setting('enable_seqscan') AS setting"
)
MAKE = text("SELECT lo_create(4242)")
LOCK = text("SELECT FROM pg_class LIMIT 1 FOR UPDATE")
SLEEP = text("SELECT pg_sleep(:seconds)")


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[StatementPool]:
    pool = StatementPool(database_url, SETUP)
    yield pool
    await pool.close()


async def test_what_is_said_one_after_the_other_has_one_connection(
    pool: StatementPool,
) -> None:
    said = [await pool.fetch(WHO, {}) for _ in range(12)]
    async with pool.transaction() as transaction:
        said.append(await transaction.fetch(WHO, {}))

    assert len({row.pid for [row] in said}) == 1
    assert {row.setting for [row] in said} == {"off"}


async def test_no_more_than_that_many_speak_at_once(
    pool: StatementPool, postgres_port: int
) -> None:
    crowd = [asyncio.create_task(pool.fetch(WHO, {})) for _ in range(20)]
    said = await asyncio.gather(*crowd)

    assert len({row.pid for [row] in said}) <= pool.most


async def test_a_connection_that_was_killed_while_idle_is_not_noticed(
    pool: StatementPool, postgres_port: int
) -> None:
    [before] = await pool.fetch(WHO, {})
    administer(postgres_port, f"SELECT pg_terminate_backend({before.pid}, 5000)")

    [after] = await pool.fetch(WHO, {})

    assert after.pid != before.pid
    assert after.setting == "off"


async def test_a_connection_that_is_killed_meanwhile_is_an_outage(
    pool: StatementPool, postgres_port: int
) -> None:
    async with pool.transaction() as transaction:
        [row] = await transaction.fetch(WHO, {})
    speaking = asyncio.create_task(pool.fetch(SLEEP, {"seconds": 20}))
    await asyncio.sleep(0.2)
    administer(postgres_port, f"SELECT pg_terminate_backend({row.pid})")

    with pytest.raises(UnavailableError):
        await speaking
    assert await pool.fetch(WHO, {})


async def test_who_is_cut_short_leaves_nothing_to_the_next(pool: StatementPool) -> None:
    async def make(then: Callable[[Transaction], Awaitable[object]]) -> None:
        async with pool.transaction() as transaction:
            await transaction.fetch(MAKE, {})
            made.set()
            await then(transaction)

    for long in (
        lambda _: asyncio.sleep(20),
        lambda transaction: transaction.fetch(SLEEP, {"seconds": 20}),
    ):
        made = asyncio.Event()
        making = asyncio.create_task(make(long))
        await made.wait()
        await asyncio.sleep(0.1)
        making.cancel()
        await asyncio.wait([making])

    assert await pool.fetch(MAKE, {})  # so it is not there yet


async def test_who_only_reads_is_left_for_whoever_may_write_now(
    pool: StatementPool,
) -> None:
    """After a fail-over the old connections may lead to who only reads."""
    read_only = text("SELECT set_config('transaction_read_only', 'on', true)")

    async def write() -> None:
        async with pool.transaction() as transaction:
            await transaction.fetch(read_only, {})
            await transaction.fetch(LOCK, {})

    [before] = await pool.fetch(WHO, {})
    with pytest.raises(UnavailableError):
        await write()

    [after] = await pool.fetch(WHO, {})
    assert after.pid != before.pid


async def test_a_server_that_is_not_there_is_an_outage() -> None:
    with pytest.raises(UnavailableError):
        await StatementPool("postgresql://nobody@127.0.0.1:1/none", SETUP).fetch(
            WHO, {}
        )


async def test_a_mistake_of_ours_is_none(pool: StatementPool) -> None:
    with pytest.raises(Exception, match="does not exist") as caught:
        await pool.fetch(text("SELECT nothing"), {})

    assert not isinstance(caught.value, UnavailableError)
    assert await pool.fetch(WHO, {})


async def test_one_that_is_in_use_when_they_are_closed_is_closed_afterwards(
    pool: StatementPool,
) -> None:
    async with pool.transaction() as transaction:
        await pool.close()
        assert not transaction.connection.closed

    assert transaction.connection.closed
