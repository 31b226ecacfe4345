"""Statements on few connections: whatever befalls one, the next has a good one."""

import asyncio
from collections.abc import Awaitable

import pytest
from sqlalchemy import text
from tests.support.postgres import administer

from stackyard.adapters.postgres import Wire
from stackyard.kernel.errors import UnavailableError

HABITS = text("SELECT set_config('enable_seqscan', 'off', :local)")
WHO = text("SELECT pg_backend_pid() AS pid, current_setting('enable_seqscan') AS habit")
MAKE = text("SELECT lo_create(4242)")
SLEEP = text("SELECT pg_sleep(:seconds)")


@pytest.fixture
def wire(database_url: str) -> Wire:
    return Wire(database_url, HABITS)


async def test_what_is_said_one_after_the_other_has_one_connection(wire: Wire) -> None:
    said = [await wire.ask(WHO, {}) for _ in range(12)]
    async with wire.transaction() as line:
        said.append(await line.ask(WHO, {}))

    assert len({row.pid for [row] in said}) == 1
    assert {row.habit for [row] in said} == {"off"}
    await wire.close()


async def test_no_more_than_that_many_speak_at_once(
    wire: Wire, postgres_port: int
) -> None:
    crowd = [asyncio.create_task(wire.ask(WHO, {})) for _ in range(20)]
    said = await asyncio.gather(*crowd)

    assert len({row.pid for [row] in said}) <= wire.most
    await wire.close()


async def test_a_connection_that_was_killed_while_idle_is_not_noticed(
    wire: Wire, postgres_port: int
) -> None:
    [before] = await wire.ask(WHO, {})
    administer(postgres_port, f"SELECT pg_terminate_backend({before.pid}, 5000)")

    [after] = await wire.ask(WHO, {})

    assert after.pid != before.pid
    assert after.habit == "off"
    await wire.close()


async def test_a_connection_that_is_killed_meanwhile_is_an_outage(
    wire: Wire, postgres_port: int
) -> None:
    async with wire.transaction() as line:
        [row] = await line.ask(WHO, {})
    speaking = asyncio.create_task(wire.ask(SLEEP, {"seconds": 20}))
    await asyncio.sleep(0.2)
    administer(postgres_port, f"SELECT pg_terminate_backend({row.pid})")

    with pytest.raises(UnavailableError):
        await speaking
    assert await wire.ask(WHO, {})
    await wire.close()


async def test_who_is_cut_short_leaves_nothing_to_the_next(wire: Wire) -> None:
    async def make(then: Awaitable[object]) -> None:
        async with wire.transaction() as line:
            await line.ask(MAKE, {})
            await then

    for long in (asyncio.sleep(20), wire.ask(SLEEP, {"seconds": 20})):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(make(long), 0.2)

    assert await wire.ask(MAKE, {})  # so it is not there yet
    await wire.close()


async def test_a_server_that_is_not_there_is_an_outage() -> None:
    with pytest.raises(UnavailableError):
        await Wire("postgresql://nobody@127.0.0.1:1/none", HABITS).ask(WHO, {})


async def test_a_mistake_of_ours_is_none(wire: Wire) -> None:
    with pytest.raises(Exception, match="does not exist") as caught:
        await wire.ask(text("SELECT nothing"), {})

    assert not isinstance(caught.value, UnavailableError)
    assert await wire.ask(WHO, {})
    await wire.close()
