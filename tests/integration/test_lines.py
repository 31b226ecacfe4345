"""Statements on few connections: whatever befalls one, the next has a good one."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text
from tests.support.postgres import administer

from stackyard.adapters.postgres import Lines
from stackyard.adapters.postgres.lines import Line
from stackyard.kernel.errors import UnavailableError

HABITS = text("SELECT set_config('enable_seqscan', 'off', :local)")
WHO = text("SELECT pg_backend_pid() AS pid, current_setting('enable_seqscan') AS habit")
MAKE = text("SELECT lo_create(4242)")
SLEEP = text("SELECT pg_sleep(:seconds)")


@pytest.fixture
def lines(database_url: str) -> Lines:
    return Lines(database_url, HABITS)


async def test_what_is_said_one_after_the_other_has_one_connection(
    lines: Lines,
) -> None:
    said = [await lines.ask(WHO, {}) for _ in range(12)]
    async with lines.transaction() as line:
        said.append(await line.ask(WHO, {}))

    assert len({row.pid for [row] in said}) == 1
    assert {row.habit for [row] in said} == {"off"}
    await lines.close()


async def test_no_more_than_that_many_speak_at_once(
    lines: Lines, postgres_port: int
) -> None:
    crowd = [asyncio.create_task(lines.ask(WHO, {})) for _ in range(20)]
    said = await asyncio.gather(*crowd)

    assert len({row.pid for [row] in said}) <= lines.most
    await lines.close()


async def test_a_connection_that_was_killed_while_idle_is_not_noticed(
    lines: Lines, postgres_port: int
) -> None:
    [before] = await lines.ask(WHO, {})
    administer(postgres_port, f"SELECT pg_terminate_backend({before.pid}, 5000)")

    [after] = await lines.ask(WHO, {})

    assert after.pid != before.pid
    assert after.habit == "off"
    await lines.close()


async def test_a_connection_that_is_killed_meanwhile_is_an_outage(
    lines: Lines, postgres_port: int
) -> None:
    async with lines.transaction() as line:
        [row] = await line.ask(WHO, {})
    speaking = asyncio.create_task(lines.ask(SLEEP, {"seconds": 20}))
    await asyncio.sleep(0.2)
    administer(postgres_port, f"SELECT pg_terminate_backend({row.pid})")

    with pytest.raises(UnavailableError):
        await speaking
    assert await lines.ask(WHO, {})
    await lines.close()


async def test_who_is_cut_short_leaves_nothing_to_the_next(lines: Lines) -> None:
    async def make(then: Callable[[Line], Awaitable[object]]) -> None:
        async with lines.transaction() as line:
            await line.ask(MAKE, {})
            made.set()
            await then(line)

    for long in (
        lambda _: asyncio.sleep(20),
        lambda line: line.ask(SLEEP, {"seconds": 20}),
    ):
        made = asyncio.Event()
        making = asyncio.create_task(make(long))
        await made.wait()
        await asyncio.sleep(0.1)
        making.cancel()
        await asyncio.wait([making])

    assert await lines.ask(MAKE, {})  # so it is not there yet
    await lines.close()


async def test_a_server_that_is_not_there_is_an_outage() -> None:
    with pytest.raises(UnavailableError):
        await Lines("postgresql://nobody@127.0.0.1:1/none", HABITS).ask(WHO, {})


async def test_a_mistake_of_ours_is_none(lines: Lines) -> None:
    with pytest.raises(Exception, match="does not exist") as caught:
        await lines.ask(text("SELECT nothing"), {})

    assert not isinstance(caught.value, UnavailableError)
    assert await lines.ask(WHO, {})
    await lines.close()


async def test_one_that_is_in_use_when_they_are_closed_is_closed_afterwards(
    lines: Lines,
) -> None:
    async with lines.transaction() as line:
        await lines.close()
        assert not line.connection.closed

    assert line.connection.closed
