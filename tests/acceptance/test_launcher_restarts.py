"""A launcher as a program of its own: killed, started again, told to leave."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.support.launchers import World, a_world
from tests.support.mosquitto import eventually

from stackyard_protocol.mqtt import Deregister, RunAssigned
from stackyard_protocol.report import Accepted, Ended, Entered, Lost
from stackyard_worker.processes import PID_FILE

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


@asynccontextmanager
async def program(
    world: World, tmp_path: Path, **settings: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the launcher as a process of its own; see `launcher_program.py`."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}/src:{ROOT}"}
    with (tmp_path / "launcher.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.support.launcher_program"),
            env=environ | world.environ(**settings),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await asyncio.wait_for(process.wait(), 20)


async def begin_counting(world: World, count: int = 1) -> tuple[RunAssigned, Path]:
    await eventually(lambda: len(world.workers()) == count, "registration")
    assigned = await world.assign(world.workers()[-1])
    folder = world.folder / "legs" / assigned.leg
    await eventually(lambda: written(folder) > 20, "some lines")
    return assigned, folder


def written(folder: Path) -> int:
    """Return how many lines the phases had handed over, at least."""
    path = folder / "written"
    return int(path.read_text() or 0) if path.exists() else 0


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


async def test_a_killed_launcher_reports_its_leg_lost_when_it_is_back(
    world: World, tmp_path: Path
) -> None:
    async with program(world, tmp_path) as process:
        assigned, folder = await begin_counting(world)
        leftover = int((folder / PID_FILE).read_text().split()[0])
        process.kill()
        await process.wait()
    lines = written(folder)
    assert is_running(leftover)

    async with program(world, tmp_path):
        leg = await world.until_over(assigned)

    assert [type(body) for body in leg.bodies] == [Accepted, Entered, Lost]
    assert not is_running(leftover)
    whole = b"".join(b"line %d\n" % number for number in range(lines + 1))
    assert leg.log(4) in {whole, whole.removesuffix(b"line %d\n" % lines)}
    assert leg.ends[4].size == len(leg.log(4))


async def test_a_killed_launcher_delivers_an_errored_state_before_it_says_lost(
    world: World, tmp_path: Path
) -> None:
    async with program(world, tmp_path) as process:
        assigned, folder = await begin_counting(world)
        process.kill()
        await process.wait()
    (folder / "errored.tfstate").write_bytes(b'{"serial": 9}')

    async with program(world, tmp_path):
        leg = await world.until_over(assigned)

    assert leg.errored_state == b'{"serial": 9}'
    assert leg.order.index("errored state") < leg.order.index("Lost")


async def test_an_end_that_was_not_delivered_is_never_reported_lost(
    world: World, tmp_path: Path
) -> None:
    async with program(world, tmp_path) as process:
        assigned, folder = await begin_counting(world)
        await world.control_plane.stop()
        (folder / "go-on").touch()
        reports = folder / "journal" / "reports"
        await eventually(lambda: b"FINISHED" in reports.read_bytes(), "the end")
        lines = written(folder)
        process.kill()
        await process.wait()
    await world.control_plane.start()

    async with program(world, tmp_path):
        leg = await world.until_over(assigned)

    assert leg.bodies == [Accepted(), Entered("PLANNING"), Ended("FINISHED")]
    assert leg.log(4) == b"".join(b"line %d\n" % number for number in range(lines))


async def test_a_leg_that_was_never_accepted_is_not_reported_lost(
    world: World, tmp_path: Path
) -> None:
    async with program(world, tmp_path) as process:
        await eventually(lambda: len(world.workers()) == 1, "registration")
        world.control_plane.fail_next.extend([503] * 1000)
        assigned = await world.assign(world.workers()[0])
        reports = world.folder / "legs" / assigned.leg / "journal" / "reports"
        await eventually(reports.exists, "the journal")
        process.kill()
        await process.wait()
    world.control_plane.fail_next.clear()

    async with program(world, tmp_path):
        await eventually(lambda: len(world.workers()) == 2, "registration")
        folder = world.folder / "legs" / assigned.leg
        await eventually(lambda: not folder.exists(), "forgetting")

    assert world.leg(assigned).reports == []


async def test_half_written_lines_of_the_journal_do_no_harm(
    world: World, tmp_path: Path
) -> None:
    async with program(world, tmp_path) as process:
        assigned, folder = await begin_counting(world)
        process.kill()
        await process.wait()
    for name in ("reports", "answers"):
        with (folder / "journal" / name).open("ab") as file:
            file.write(b'{"sequence": 2, "bo')
    with (folder / "journal" / "logs" / "4.chunks").open("ab") as file:
        file.write(b"\x00\x00")

    async with program(world, tmp_path):
        leg = await world.until_over(assigned)

    assert [type(body) for body in leg.bodies] == [Accepted, Entered, Lost]


async def test_on_sigterm_a_launcher_finishes_its_leg_and_exits_in_good_order(
    world: World, tmp_path: Path
) -> None:
    async with program(world, tmp_path) as process:
        assigned, folder = await begin_counting(world)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        assert process.returncode is None
        (folder / "go-on").touch()
        assert await asyncio.wait_for(process.wait(), 20) == 0

    assert world.leg(assigned).last == Ended("FINISHED")
    worker = world.workers()[0]
    await eventually(lambda: Deregister() in world.switchboard.from_worker(worker))


async def test_a_second_sigterm_cuts_the_leg(world: World, tmp_path: Path) -> None:
    async with program(world, tmp_path) as process:
        assigned, _ = await begin_counting(world)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0

    last = world.leg(assigned).last
    assert isinstance(last, Ended)
    assert last.state == "FAILED"


async def test_two_launchers_never_share_a_folder(world: World, tmp_path: Path) -> None:
    async with program(world, tmp_path):
        await eventually(lambda: len(world.workers()) == 1, "registration")
        async with program(world, tmp_path) as second:
            assert await asyncio.wait_for(second.wait(), 20) == 2

    assert "in use by another launcher" in (tmp_path / "launcher.log").read_text()


async def test_bad_settings_are_all_told_and_end_with_2(
    world: World, tmp_path: Path
) -> None:
    wrong = {"SPACELIFT_TOKEN": "", "STACKYARD_WORKER_SLOTS": "none"}
    async with program(world, tmp_path, **wrong) as process:
        assert await asyncio.wait_for(process.wait(), 20) == 2

    told = (tmp_path / "launcher.log").read_text()
    assert "SPACELIFT_TOKEN is required" in told
    assert "STACKYARD_WORKER_SLOTS must be a number" in told


async def test_logs_on_standard_output_are_lines_of_json_without_secrets(
    world: World, tmp_path: Path
) -> None:
    async with program(
        world, tmp_path, SPACELIFT_RUN_LOGS_ON_STANDARD_OUTPUT_ENABLED="true"
    ) as process:
        assigned, folder = await begin_counting(world)
        (folder / "go-on").touch()
        leg = await world.until_over(assigned)
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 20)

    told = (tmp_path / "launcher.log").read_text()
    assert f'"run_ulid": "{assigned.run}", "stack_id": "a-stack"' in told
    assert '"msg": "line 3"' in told
    assert leg.job.leg_token not in told


async def test_a_launcher_waits_for_a_broker_that_is_not_there_yet(
    world: World, tmp_path: Path
) -> None:
    world.switchboard.broker.stop()
    async with program(world, tmp_path) as process:
        await asyncio.sleep(1.5)
        assert process.returncode is None
        world.switchboard.broker.start()
        await eventually(lambda: len(world.workers()) == 1, "registration")
