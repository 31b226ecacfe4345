"""A leg that goes wrong ends all the same, and says why."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.gate import Gate
from tests.support.launchers import World, a_world
from tests.support.mosquitto import eventually

from stackyard_protocol.job import Job
from stackyard_protocol.report import Ended, Entered
from stackyard_worker.conversation import Conversation


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


async def test_a_run_that_takes_too_long_fails_with_the_limits_name(
    world: World,
) -> None:
    gate = Gate()
    async with world.launcher(gate, SPACELIFT_LAUNCHER_RUN_TIMEOUT="300ms") as launcher:
        leg = await world.until_over(await launcher.assign())

    assert gate.cancelled
    assert isinstance(leg.last, Ended)
    assert leg.last.state == "FAILED"
    assert leg.last.note is not None
    assert "0.3s" in leg.last.note
    assert "SPACELIFT_LAUNCHER_RUN_TIMEOUT" in leg.last.note
    assert leg.last.note.encode() in leg.log(4)


async def test_a_silent_run_fails_with_the_limits_name(world: World) -> None:
    gate = Gate()
    async with world.launcher(
        gate, SPACELIFT_LAUNCHER_LOGS_TIMEOUT="300ms"
    ) as launcher:
        leg = await world.until_over(await launcher.assign())

    assert gate.cancelled
    assert isinstance(leg.last, Ended)
    assert leg.last.note is not None
    assert "SPACELIFT_LAUNCHER_LOGS_TIMEOUT" in leg.last.note


async def test_a_run_that_prints_is_not_silent(world: World) -> None:
    async def chatty(job: Job, talk: Conversation, folder: Path, host: None) -> None:
        for _ in range(12):
            talk.write(b".")
            await asyncio.sleep(0.1)
        await talk.report(Ended("FINISHED"))

    async with world.launcher(chatty, SPACELIFT_LAUNCHER_LOGS_TIMEOUT="1s") as launcher:
        leg = await world.until_over(await launcher.assign())

    assert leg.last == Ended("FINISHED")
    assert leg.log(3) == b"." * 12


async def test_phases_that_break_are_reported_without_their_secrets(
    world: World,
) -> None:
    async def broken(job: Job, talk: Conversation, folder: Path, host: None) -> None:
        await talk.report(Entered("PLANNING"))
        raise RuntimeError("hunter2")

    async with world.launcher(broken) as launcher:
        leg = await world.until_over(await launcher.assign())

    assert isinstance(leg.last, Ended)
    assert leg.last.state == "FAILED"
    assert "Something went wrong on the worker" in str(leg.last.note)
    assert "hunter2" not in str(leg.last)


async def test_phases_that_forget_to_say_how_it_ended_are_reported(
    world: World,
) -> None:
    async def mute(job: Job, talk: Conversation, folder: Path, host: None) -> None:
        await talk.report(Entered("PLANNING"))

    async with world.launcher(mute) as launcher:
        leg = await world.until_over(await launcher.assign())

    assert isinstance(leg.last, Ended)
    assert leg.last.state == "FAILED"


async def test_a_state_that_terraform_could_not_write_is_delivered_before_the_end(
    world: World,
) -> None:
    async def errored(job: Job, talk: Conversation, folder: Path, host: None) -> None:
        (folder / "errored.tfstate").write_bytes(b'{"serial": 7}')
        await talk.report(Ended("FAILED"))

    async with world.launcher(errored) as launcher:
        leg = await world.until_over(await launcher.assign())

    assert leg.errored_state == b'{"serial": 7}'
    assert leg.order == ["Accepted", "errored state", "Ended"]


async def test_a_state_that_nobody_takes_is_kept_on_the_worker(world: World) -> None:
    async def errored(job: Job, talk: Conversation, folder: Path, host: None) -> None:
        (folder / "errored.tfstate").write_bytes(b'{"serial": 7}')
        world.control_plane.legs[job.leg].forgotten = True
        await talk.report(Ended("FAILED"))

    async with world.launcher(errored) as launcher:
        assigned = await launcher.assign()
        kept = world.folder / "errored-states" / f"{assigned.leg}.tfstate"
        await eventually(kept.exists, "the state")

    assert kept.read_bytes() == b'{"serial": 7}'
