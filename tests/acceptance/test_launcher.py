"""A launcher between a foreign broker and a real HTTP server, on ordinary days."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.authority import make_key
from tests.support.gate import Gate
from tests.support.launchers import World, a_world
from tests.support.mosquitto import eventually

from stackyard_protocol.job import Job
from stackyard_protocol.mqtt import (
    Heartbeat,
    Ping,
    Register,
)
from stackyard_protocol.report import Accepted, Ended, Entered, LogEnd
from stackyard_worker.conversation import Conversation


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


async def plan(job: Job, talk: Conversation, folder: Path, host: None) -> None:
    talk.write(b"preparing\n")
    await talk.report(Entered("INITIALIZING"))
    talk.write(b"init\n")
    talk.write(b"more\n")
    await talk.report(Entered("PLANNING"))
    talk.write(b"\xff\xfe no utf-8")
    await talk.report(Ended("FINISHED"))


async def test_a_leg_is_accepted_carried_out_reported_and_tidied_up(
    world: World,
) -> None:
    async with world.launcher(plan) as launcher:
        assigned = await launcher.assign()
        leg = await world.until_over(assigned)

    assert leg.bodies == [
        Accepted(),
        Entered("INITIALIZING"),
        Entered("PLANNING"),
        Ended("FINISHED"),
    ]
    assert leg.log(3) == b"preparing\n"
    assert leg.log(4) == b"init\nmore\n"
    assert leg.log(5) == b"\xff\xfe no utf-8"
    assert leg.ends[4] == LogEnd(chunks=len(leg.logs[4]), size=10)
    assert list((world.folder / "legs").iterdir()) == []


async def test_every_slot_is_a_worker_that_registers_and_beats(world: World) -> None:
    gate = Gate()
    async with world.launcher(gate, STACKYARD_WORKER_SLOTS="3") as launcher:
        assert len(set(launcher.workers)) == 3
        first = world.switchboard.from_worker(launcher.worker)[0]
        assert isinstance(first, Register)
        assert first.metadata == {"instance_id": "i-1"}
        assigned = await launcher.assign()
        await eventually(
            lambda: (
                Heartbeat([assigned.leg])
                in world.switchboard.from_worker(launcher.worker)
            ),
            "a heartbeat with the leg",
        )
        gate.open.set()
        await world.until_over(assigned)


async def test_slots_work_side_by_side(world: World) -> None:
    gate = Gate()
    async with world.launcher(gate, STACKYARD_WORKER_SLOTS="3") as launcher:
        legs = [await world.assign(worker) for worker in launcher.workers]
        await gate.until_inside(3)
        gate.open.set()
        for assigned in legs:
            assert (await world.until_over(assigned)).last == Ended("FINISHED")


async def test_the_same_assignment_again_changes_nothing(world: World) -> None:
    gate = Gate()
    async with world.launcher(gate, STACKYARD_WORKER_SLOTS="2") as launcher:
        assigned = await launcher.assign()
        await gate.until_inside()
        for worker in launcher.workers:
            await world.switchboard.say(worker, assigned)
        await world.switchboard.say(launcher.worker, Ping())
        await eventually(lambda: registrations(world, launcher.worker) == 2)
        gate.open.set()
        leg = await world.until_over(assigned)

    assert gate.inside == [assigned.leg]
    assert leg.bodies.count(Accepted()) == 1
    assert world.control_plane.jobs_fetched == [assigned.leg]


def registrations(world: World, worker: str) -> int:
    said = world.switchboard.from_worker(worker)
    return sum(isinstance(one, Register) for one in said)


async def test_a_busy_slot_accepts_no_second_leg(world: World) -> None:
    gate = Gate()
    async with world.launcher(gate) as launcher:
        first = await launcher.assign()
        await gate.until_inside()
        second = await launcher.assign()
        await world.switchboard.say(launcher.worker, Ping())
        await eventually(lambda: registrations(world, launcher.worker) == 2)
        gate.open.set()
        await world.until_over(first)
        third = await launcher.assign()
        await world.until_over(third)

    assert world.leg(second).reports == []
    assert second.leg not in world.control_plane.jobs_fetched


async def test_the_slot_is_free_when_the_end_is_answered_not_when_all_is_tidy(
    world: World,
) -> None:
    tidy = asyncio.Event()

    async def slow_to_tidy(
        job: Job, talk: Conversation, folder: Path, host: None
    ) -> None:
        await talk.report(Ended("FINISHED"))
        await tidy.wait()

    async with world.launcher(slow_to_tidy) as launcher:
        first = await launcher.assign()
        await eventually(lambda: world.leg(first).last == Ended("FINISHED"))
        second = await launcher.assign()
        await eventually(lambda: world.leg(second).last == Ended("FINISHED"))
        tidy.set()
        await world.until_over(first)
        await world.until_over(second)


async def test_a_leg_that_comes_while_the_last_one_still_says_its_end_waits_for_that(
    world: World,
) -> None:
    gate = Gate()
    async with world.launcher(gate) as launcher:
        first = await launcher.assign()
        await gate.until_inside()
        world.control_plane.lose_answers = 1_000_000
        gate.open.set()
        await eventually(lambda: world.leg(first).last == Ended("FINISHED"))
        second = await launcher.assign()
        await world.switchboard.say(launcher.worker, Ping())
        await eventually(lambda: registrations(world, launcher.worker) == 2)
        world.control_plane.lose_answers = 0

        assert (await world.until_over(second)).last == Ended("FINISHED")


async def test_a_newer_assignment_replaces_one_whose_job_cannot_be_had(
    world: World,
) -> None:
    async with world.launcher(plan) as launcher:
        lost = world.control_plane.make_leg()
        del world.control_plane.legs[lost.leg]
        await world.switchboard.say(launcher.worker, lost)
        await eventually(lambda: lost.leg in world.control_plane.jobs_fetched)
        assigned = await launcher.assign()

        assert (await world.until_over(assigned)).last == Ended("FINISHED")


async def test_a_job_that_is_not_sealed_to_us_is_not_taken(world: World) -> None:
    async with world.launcher(plan) as launcher:
        ours = world.control_plane.public_key
        world.control_plane.public_key = make_key().public_key()
        foreign = await launcher.assign()
        await eventually(lambda: foreign.leg in world.control_plane.jobs_fetched)
        world.control_plane.public_key = ours
        assigned = await launcher.assign()
        await world.until_over(assigned)

    assert world.leg(foreign).reports == []


async def test_a_job_of_another_leg_is_not_taken(world: World) -> None:
    async with world.launcher(plan) as launcher:
        one, other = world.control_plane.make_leg(), world.control_plane.make_leg()
        wrong = type(one)(run=one.run, leg=one.leg, url=other.url)
        await world.switchboard.say(launcher.worker, wrong)
        await eventually(lambda: other.leg in world.control_plane.jobs_fetched)
        assigned = await launcher.assign()
        await world.until_over(assigned)

    assert world.leg(one).reports == []
    assert world.leg(other).reports == []


async def test_a_leg_that_was_taken_back_is_forgotten(world: World) -> None:
    gate = Gate()
    async with world.launcher(gate) as launcher:
        assigned = world.control_plane.make_leg()
        world.leg(assigned).let_go = True
        await world.switchboard.say(launcher.worker, assigned)
        await eventually(lambda: world.leg(assigned).bodies == [Accepted()])
        following = await launcher.assign()
        await gate.until_inside()
        gate.open.set()
        await world.until_over(following)

    assert gate.inside == [following.leg]


@pytest.mark.parametrize("how", ["let_go", "forgotten"])
async def test_phases_are_told_to_let_go(world: World, how: str) -> None:
    gate = Gate()
    async with world.launcher(gate) as launcher:
        assigned = await launcher.assign()
        await gate.until_inside()
        setattr(world.leg(assigned), how, True)
        gate.open.set()
        folder = world.folder / "legs" / assigned.leg
        await eventually(lambda: not folder.exists(), "tidying up")
        following = await launcher.assign()
        await world.until_over(following)

    if how == "forgotten":
        assert gate.let_go
        assert world.leg(assigned).bodies == [Accepted(), Entered("PLANNING")]


async def test_a_wish_to_stop_reaches_the_phases(world: World) -> None:
    gate = Gate()
    async with world.launcher(gate) as launcher:
        assigned = await launcher.assign()
        await gate.until_inside()
        await launcher.stop_run(assigned)

        assert (await world.until_over(assigned)).last == Ended("STOPPED")


async def test_a_wish_to_stop_another_leg_is_ignored(world: World) -> None:
    gate = Gate()
    async with world.launcher(gate) as launcher:
        assigned = await launcher.assign()
        await gate.until_inside()
        await launcher.stop_run(world.control_plane.make_leg())
        await world.switchboard.say(launcher.worker, Ping())
        await eventually(lambda: registrations(world, launcher.worker) == 2)
        gate.open.set()

        assert (await world.until_over(assigned)).last == Ended("FINISHED")


async def test_unintelligible_messages_are_passed_over(world: World) -> None:
    async with world.launcher(plan) as launcher:
        for payload in (b"", b"\xff\xfe", b"{}", b'{"kind": "teapot"}', b"[" * 5000):
            await world.switchboard.say_raw(launcher.worker, payload)
        assigned = await launcher.assign()

        assert (await world.until_over(assigned)).last == Ended("FINISHED")


async def test_phases_get_a_place_for_the_workspace(world: World) -> None:
    urls: list[str] = []

    async def archive(job: Job, talk: Conversation, folder: Path, host: None) -> None:
        urls.append(await talk.upload_url())
        await talk.report(Ended("FINISHED"))

    async with world.launcher(archive) as launcher:
        await world.until_over(await launcher.assign())

    assert urls == [f"{world.control_plane.base}/upload"]
