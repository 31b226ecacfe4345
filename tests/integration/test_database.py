import asyncio

from sqlalchemy import text

from stackyard.adapters.postgres import Database

SESSION = text("SELECT pg_backend_pid()")


async def test_what_a_transaction_wrote_is_there_for_the_next(
    database: Database,
) -> None:
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE thing (id int)"))
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM thing")) == 0


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
    await database.engine.dispose()

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
    await database.engine.dispose()

    assert len(again) == 3
    assert not again & (opened - {ours})
