"""The whole worker as its operator starts it: launcher, phases, sandbox."""

import asyncio
import hashlib
import io
import os
import shutil
import signal
import sys
import tarfile
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.support.launchers import World, a_world
from tests.support.mosquitto import eventually
from tests.support.processes import a_while, running

from stackyard_protocol.job import Archive, LegKind
from stackyard_protocol.mqtt import RunAssigned
from stackyard_protocol.report import Ended, Lost

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="stackyard-worker-"))
    folder.chmod(0o755)  # the user of the sandbox passes through
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def world(folder: Path) -> AsyncIterator[World]:
    async with a_world(folder) as world:
        yield world


@asynccontextmanager
async def worker(world: World) -> AsyncIterator[asyncio.subprocess.Process]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}/src"}
    with (world.folder.parent / "worker.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "stackyard_worker"),
            env=environ | world.environ(),
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


async def assign_task(world: World, command: str) -> RunAssigned:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("main.tf")
        archive.addfile(member, io.BytesIO())
    control_plane = world.control_plane
    control_plane.source = buffer.getvalue()
    digest = hashlib.sha256(control_plane.source).hexdigest()
    assigned = control_plane.make_leg(
        kind=LegKind.TASK,
        run_type="TASK",
        source=Archive(url=f"{control_plane.base}/source", sha256=digest),
        command=command,
        skip_init=True,
    )
    await world.switchboard.say(world.workers()[-1], assigned)
    return assigned


def whole_log(world: World, assigned: RunAssigned) -> bytes:
    logs = world.leg(assigned).logs
    return b"".join(b"".join(logs[version]) for version in sorted(logs))


async def test_a_task_runs_in_the_sandbox_and_is_reported(world: World) -> None:
    async with worker(world) as process:
        await eventually(lambda: len(world.workers()) == 1, "registration")
        assigned = await assign_task(world, "echo it is $((6 * 7))")
        leg = await world.until_over(assigned, 60)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0

    assert isinstance(leg.last, Ended)
    assert leg.last.state == "FINISHED", whole_log(world, assigned)
    assert b"it is 42\n" in whole_log(world, assigned)


async def test_nothing_of_a_killed_worker_goes_on(world: World) -> None:
    mark = a_while()
    async with worker(world) as process:
        await eventually(lambda: len(world.workers()) == 1, "registration")
        assigned = await assign_task(world, f"echo begun; sh -c 'sleep 600; : {mark}'")
        await eventually(lambda: b"begun" in whole_log(world, assigned), seconds=60)
        process.kill()
        await process.wait()

    async with worker(world):
        leg = await world.until_over(assigned, 60)

    assert isinstance(leg.last, Lost)
    assert b"begun" in whole_log(world, assigned)
    assert not running(mark)
