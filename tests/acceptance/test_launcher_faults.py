"""Parts go away under a working launcher; nothing is lost and nothing is doubled."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.launchers import World, a_world
from tests.support.mosquitto import eventually

from stackyard_protocol.job import Job
from stackyard_protocol.mqtt import Register
from stackyard_protocol.report import Accepted, Ended, Entered
from stackyard_worker.conversation import Conversation

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


class Printer:
    """Phases that print in PLANNING, and report, when the test says so."""

    def __init__(self) -> None:
        self.talk: Conversation | None = None
        self.end = asyncio.Event()

    async def __call__(
        self, job: Job, talk: Conversation, folder: Path, host: None
    ) -> None:
        await talk.report(Entered("PLANNING"))
        self.talk = talk
        await self.end.wait()
        await talk.report(Entered("APPLYING"))
        talk.write(b"applied\n")
        await talk.report(Ended("FINISHED"))

    async def write(self, text: bytes) -> None:
        await eventually(lambda: self.talk is not None, "the phases")
        assert self.talk is not None
        self.talk.write(text)


ALL = [Accepted(), Entered("PLANNING"), Entered("APPLYING"), Ended("FINISHED")]


async def test_an_outage_of_the_server_loses_no_report_and_no_byte(
    world: World,
) -> None:
    printer = Printer()
    async with world.launcher(printer) as launcher:
        assigned = await launcher.assign()
        await printer.write(b"before\n")
        await eventually(lambda: world.leg(assigned).log(4) == b"before\n")

        await world.control_plane.stop()
        await printer.write(b"during\n")
        printer.end.set()
        await asyncio.sleep(1.5)
        assert not launcher.task.done()
        await world.control_plane.start()

        leg = await world.until_over(assigned)

    assert leg.bodies == ALL
    assert leg.log(4) == b"before\nduring\n"
    assert leg.log(5) == b"applied\n"


@pytest.mark.parametrize("status", [500, 502, 503, 404, 429, 408])
async def test_passing_errors_of_the_server_are_lived_through(
    world: World, status: int
) -> None:
    printer = Printer()
    printer.end.set()
    async with world.launcher(printer) as launcher:
        world.control_plane.fail_next.extend([status] * 3)
        leg = await world.until_over(await launcher.assign())

    assert leg.bodies == ALL


async def test_a_lost_answer_is_asked_for_again_without_a_second_effect(
    world: World,
) -> None:
    printer = Printer()
    async with world.launcher(printer) as launcher:
        world.control_plane.lose_answers = 3
        assigned = await launcher.assign()
        await printer.write(b"once\n")
        await eventually(lambda: world.leg(assigned).log(4) != b"")
        world.control_plane.lose_answers = 5
        printer.end.set()
        leg = await world.until_over(assigned)

    assert leg.bodies == ALL
    assert leg.log(4) == b"once\n"


async def test_a_server_that_lost_chunks_gets_them_again(world: World) -> None:
    printer = Printer()
    async with world.launcher(printer) as launcher:
        assigned = await launcher.assign()
        leg = world.leg(assigned)
        for number in range(3):
            await printer.write(b"part %d\n" % number)
            await eventually(lambda: len(leg.logs.get(4, ())) == number + 1)  # noqa: B023 - awaited at once
        del leg.logs[4][1:]
        await printer.write(b"part 3\n")
        printer.end.set()
        await world.until_over(assigned)

    assert leg.log(4) == b"part 0\npart 1\npart 2\npart 3\n"


async def test_a_server_that_refuses_the_log_does_not_stop_the_run(
    world: World,
) -> None:
    printer = Printer()
    async with world.launcher(printer) as launcher:
        assigned = await launcher.assign()
        await eventually(lambda: printer.talk is not None)
        world.control_plane.fail_next.append(413)
        await printer.write(b"refused\n")
        await eventually(lambda: not world.control_plane.fail_next)
        printer.end.set()
        leg = await world.until_over(assigned)

    assert leg.bodies == ALL
    assert leg.log(5) == b"applied\n"


async def test_a_refused_report_fails_the_leg(world: World) -> None:
    printer = Printer()
    async with world.launcher(printer) as launcher:
        assigned = await launcher.assign()
        await eventually(lambda: printer.talk is not None)
        world.control_plane.fail_next.append(422)
        printer.end.set()
        leg = await world.until_over(assigned)

    assert leg.bodies[:2] == [Accepted(), Entered("PLANNING")]
    assert isinstance(leg.last, Ended)
    assert leg.last.state == "FAILED"


async def test_a_restarted_broker_finds_every_worker_registered_again(
    world: World,
) -> None:
    printer = Printer()
    async with world.launcher(printer, STACKYARD_WORKER_SLOTS="2") as launcher:
        assigned = await launcher.assign()
        await printer.write(b"before\n")
        before = len(world.switchboard.heard)

        world.switchboard.broker.stop()
        await asyncio.sleep(0.5)
        world.switchboard.broker.start()

        busy, idle = launcher.workers
        await eventually(lambda: registered_since(world, before) >= {busy, idle})
        again = [
            said
            for who, said in world.switchboard.heard[before:]
            if who == busy and isinstance(said, Register)
        ]
        assert again[0].legs == [assigned.leg]
        printer.end.set()
        assert (await world.until_over(assigned)).bodies == ALL
        following = await world.assign(idle)
        assert (await world.until_over(following)).bodies == ALL


def registered_since(world: World, before: int) -> set[str]:
    return {
        who
        for who, said in world.switchboard.heard[before:]
        if isinstance(said, Register)
    }
