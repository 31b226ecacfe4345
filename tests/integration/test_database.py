"""Connections, and what becomes of them when the server changes its mind."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy import text
from tests.support.postgres import CHOSEN

from stackyard.adapters.postgres import Database
from stackyard.adapters.postgres.dial import LIMITS
from stackyard.adapters.postgres.lending import MOMENT
from stackyard.adapters.postgres.version import (
    DatabaseVersionError,
    ensure_supported,
)
from stackyard.kernel.errors import UnavailableError

KILL_ALL = text(
    "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Database]:
    """The same database by other connections: an administrator's."""
    other = Database.connect(database_url, pool_size=1)
    yield other
    await other.close()


SESSION = text("SELECT pg_backend_pid()")


async def test_what_a_transaction_wrote_is_there_for_the_next(
    database: Database,
) -> None:
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE thing (id int)"))
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM thing")) == 0


async def test_statements_that_are_no_transaction_tell_of_an_outage_as_well(
    database: Database, other: Database
) -> None:
    async with database.statements() as connection:
        await connection.execute(text("VACUUM"))

    async def be_cut_off() -> None:
        async with database.statements() as connection:
            async with other.transaction() as session:
                await session.execute(KILL_ALL)
            await connection.execute(SESSION)

    with pytest.raises(UnavailableError):
        await be_cut_off()


async def session_of(database: Database) -> int:
    async with database.transaction() as session:
        return int(await session.scalar(SESSION) or 0)


async def burst(database: Database) -> set[int]:
    """Return the sessions that three transactions at the same time had."""
    together = asyncio.Barrier(3)

    async def one() -> int:
        async with database.transaction() as session:
            await together.wait()
            return int(await session.scalar(SESSION) or 0)

    return set(await asyncio.gather(one(), one(), one()))


async def test_what_a_burst_opened_falls_idle_after_it(postgres_port: int) -> None:
    database = Database.connect(
        f"postgresql://postgres@127.0.0.1:{postgres_port}/postgres"
    )
    opened = await burst(database)
    used = {await session_of(database) for _ in range(6)}
    await database.close()

    assert len(opened) == 3
    assert len(used) == 1


async def test_sessions_that_the_server_ended_while_idle_are_dialled_anew(
    postgres_port: int,
) -> None:
    database = Database.connect(
        f"postgresql://postgres@127.0.0.1:{postgres_port}/postgres"
    )
    opened = await burst(database)
    async with database.transaction() as session:
        ours = await session.scalar(SESSION)
        for other in opened - {ours}:
            ended = text("SELECT pg_terminate_backend(:pid, 5000)")
            assert await session.scalar(ended, {"pid": other})

    again = await burst(database)
    await database.close()

    assert len(again) == 3
    assert not again & (opened - {ours})


class Vanishing:
    """A server that is gone without a goodbye, and back: who of before speaks up then
    is cut off.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.life = 0

    async def carry(self, near: StreamReader, back: StreamWriter) -> None:
        far, there = await asyncio.open_connection("127.0.0.1", self.port)
        returning = asyncio.create_task(self._pump(far, back))
        await self._pump(near, there)
        back.transport.abort()
        there.close()
        await returning

    async def _pump(self, source: StreamReader, sink: StreamWriter) -> None:
        life = self.life
        while (data := await source.read(65536)) and life == self.life:
            sink.write(data)


async def test_a_server_that_vanished_is_noticed_before_anything_is_lent(
    postgres_port: int,
) -> None:
    server = Vanishing(postgres_port)
    async with await asyncio.start_server(server.carry, "127.0.0.1") as way:
        port = way.sockets[0].getsockname()[1]
        database = Database.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres")
        before = await session_of(database)
        server.life += 1
        await asyncio.sleep(MOMENT * 1.1)
        after = await session_of(database)
        await database.close()

    assert after != before


async def test_closing_waits_for_who_was_cancelled(
    postgres_port: int, database: Database
) -> None:
    url = f"postgresql://postgres@127.0.0.1:{postgres_port}/postgres"
    closing, begun = Database.connect(url), asyncio.Event()
    sessions: list[int] = []

    async def work() -> None:
        async with closing.transaction() as session:
            sessions.append(int(await session.scalar(SESSION) or 0))
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()  # while it gives its connection back
    with suppress(asyncio.CancelledError):
        await task
    await closing.close()

    open_still = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
    async with asyncio.timeout(10):
        while True:  # the server notices a moment later
            async with database.transaction() as session:
                if not await session.scalar(open_still, {"pid": sessions[0]}):
                    break
            await asyncio.sleep(0.01)


async def test_the_server_is_of_the_version_that_was_asked_for(
    database: Database,
) -> None:
    async with database.transaction() as session:
        version = str(await session.scalar(text("SHOW server_version")))
    assert version.partition(".")[0] == (CHOSEN or "17")


async def test_statements_locks_and_idle_transactions_are_bounded(
    database: Database,
) -> None:
    async with database.transaction() as session:
        for name, milliseconds in LIMITS.items():
            query = text(
                "SELECT setting::int FROM pg_settings WHERE name = :name"
            ).bindparams(name=name)
            assert await session.scalar(query) == milliseconds


async def test_a_pool_is_bounded_and_who_waits_too_long_is_told(
    database_url: str,
) -> None:
    small = Database.connect(database_url, pool_size=1, pool_seconds=0.1)
    async with small.transaction() as session:
        await session.execute(text("SELECT 1"))
        with pytest.raises(UnavailableError):
            async with small.transaction() as another:
                await another.execute(text("SELECT 1"))
    await small.close()


async def test_a_killed_connection_is_told_as_an_outage_and_is_not_used_again(
    database: Database, other: Database
) -> None:
    async def be_killed_halfway() -> None:
        async with database.transaction() as session:
            await session.execute(text("SELECT 1"))
            async with other.transaction() as administrator:
                await administrator.execute(KILL_ALL)
            await session.execute(text("SELECT 1"))

    with pytest.raises(UnavailableError):
        await be_killed_halfway()

    async with database.transaction() as session:
        assert await session.scalar(text("SELECT 1")) == 1


async def test_connections_that_were_killed_while_idle_are_not_noticed(
    database: Database, other: Database
) -> None:
    async def ask() -> None:
        async with database.transaction() as session:
            await session.execute(text("SELECT pg_sleep(0.05)"))

    await asyncio.gather(*(ask() for _ in range(5)))
    async with other.transaction() as administrator:
        await administrator.execute(KILL_ALL)

    await asyncio.gather(*(ask() for _ in range(10)))


async def test_who_may_not_write_any_more_is_left_for_a_new_connection(
    database: Database, other: Database
) -> None:
    """After a fail-over the old connections may lead to who only reads."""
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE thing (id int)"))
        name = str(await session.scalar(text("SELECT current_database()")))
        before = await session.scalar(text("SELECT pg_backend_pid()"))
    read_only = f"ALTER DATABASE {name} SET default_transaction_read_only"
    async with other.transaction() as administrator:
        await administrator.execute(text(f"{read_only} = on"))
    async with database.transaction() as session:
        await session.execute(text("SET default_transaction_read_only = on"))

    with pytest.raises(UnavailableError):
        async with database.transaction() as session:
            await session.execute(text("INSERT INTO thing VALUES (1)"))
    async with other.transaction() as administrator:
        await administrator.execute(text(f"{read_only} = off"))

    async with database.transaction() as session:
        await session.execute(text("INSERT INTO thing VALUES (2)"))
        assert await session.scalar(text("SELECT pg_backend_pid()")) != before
        assert await session.scalar(text("SELECT id FROM thing")) == 2


async def test_a_deadlock_is_worth_another_try(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE thing (id int)"))
        await session.execute(text("INSERT INTO thing VALUES (1), (2)"))
    both = asyncio.Barrier(2)

    async def cross(first: int, second: int) -> None:
        async with database.transaction() as session:
            await session.execute(text(f"UPDATE thing SET id = id WHERE id = {first}"))
            await both.wait()
            await session.execute(text(f"UPDATE thing SET id = id WHERE id = {second}"))

    ended = await asyncio.gather(cross(1, 2), cross(2, 1), return_exceptions=True)
    assert sorted(type(one).__name__ for one in ended) == [
        "DatabaseUnavailableError",
        "NoneType",
    ]


@pytest.mark.parametrize("number", [90624, 130023, 139999])
def test_a_server_that_is_too_old_is_refused_with_both_versions(number: int) -> None:
    found = f"{number // 10000}.{number % 10000}"
    with pytest.raises(DatabaseVersionError, match=f"{found}.*14 to 17"):
        ensure_supported(number)


@pytest.mark.parametrize("number", [140000, 170010, 180004])
def test_what_is_supported_or_newer_is_taken(number: int) -> None:
    ensure_supported(number)
