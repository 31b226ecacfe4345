"""A launcher leaves in good order."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.gate import Gate
from tests.support.launchers import World, a_world
from tests.support.mosquitto import eventually

from stackyard_protocol.mqtt import Deregister, SelfDestruct
from stackyard_protocol.report import Ended


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


async def test_a_cycled_launcher_finishes_its_leg_says_goodbye_and_exits(
    world: World,
) -> None:
    gate = Gate()
    async with world.launcher(gate, STACKYARD_WORKER_SLOTS="2") as launcher:
        busy, idle = launcher.workers
        assigned = await launcher.assign()
        await gate.until_inside()
        await world.switchboard.say(busy, SelfDestruct())
        said = world.switchboard.from_worker
        await eventually(lambda: Deregister() in said(idle), "the idle one to leave")
        assert Deregister() not in said(busy)
        gate.open.set()
        await asyncio.wait_for(launcher.task, 20)
        await eventually(lambda: Deregister() in said(busy), "the busy one to leave")

    assert world.leg(assigned).last == Ended("FINISHED")
    assert world.leg(assigned).errored_state is None
    assert list((world.folder / "legs").iterdir()) == []


async def test_a_launcher_that_leaves_takes_nothing_new(world: World) -> None:
    gate = Gate()
    async with world.launcher(gate, STACKYARD_WORKER_SLOTS="2") as launcher:
        await launcher.assign()
        await gate.until_inside()
        launcher.launcher.leave()
        late = await world.assign(launcher.workers[1])
        gate.open.set()
        await asyncio.wait_for(launcher.task, 20)

    assert world.leg(late).reports == []


async def test_told_twice_to_leave_a_launcher_cuts_its_leg_and_says_so(
    world: World,
) -> None:
    gate = Gate()
    async with world.launcher(gate) as launcher:
        assigned = await launcher.assign()
        await gate.until_inside()
        launcher.launcher.leave()
        launcher.launcher.leave()
        await asyncio.wait_for(launcher.task, 20)

    assert gate.cancelled
    last = world.leg(assigned).last
    assert isinstance(last, Ended)
    assert last.state == "FAILED"
    assert "shut down" in str(last.note)


async def test_the_grace_of_a_leaving_launcher_can_be_bounded(world: World) -> None:
    gate = Gate()
    async with world.launcher(gate, STACKYARD_WORKER_GRACE_SECONDS="0.3") as launcher:
        assigned = await launcher.assign()
        await gate.until_inside()
        launcher.launcher.leave()
        await asyncio.wait_for(launcher.task, 20)

    assert gate.cancelled
    assert isinstance(world.leg(assigned).last, Ended)
