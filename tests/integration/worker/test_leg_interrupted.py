"""Legs that are stopped or cancelled: in good order, and nothing runs on."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.legs import a_host, a_job, carry
from tests.support.processes import a_while, running
from tests.support.recorder import Recorder
from tests.support.stores import Stores

from stackyard_protocol.job import Hooks, Job, LegKind
from stackyard_protocol.report import Ended, Next
from stackyard_worker.host import Host, Limits
from stackyard_worker.leg import carry_out

SLOW = """
resource "terraform_data" "first" { input = "kept" }
resource "terraform_data" "slow" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" { command = "echo tick-one; sleep 5; echo tick-two" }
}
resource "terraform_data" "never" {
  input = terraform_data.slow.id
  provisioner "local-exec" { command = "echo should-not-run" }
}
"""


def begin(job: Job, recorder: Recorder, folder: Path, host: Host) -> asyncio.Task[None]:
    room = folder / job.leg
    room.mkdir()
    return asyncio.create_task(carry_out(job, recorder, room, host))


async def test_a_run_that_is_stopped_while_planning_ends_stopped(
    stores: Stores, folder: Path, host: Host
) -> None:
    mark = a_while()
    hooks = Hooks(
        before_plan=[f"echo now; sleep {mark}"],
        after_run=['echo "final: $TF_VAR_spacelift_final_run_state"'],
    )
    recorder = Recorder()
    task = begin(a_job(stores, {"main.tf": SLOW}, hooks=hooks), recorder, folder, host)
    await recorder.until(b"now")
    recorder.stop.set()
    await asyncio.wait_for(task, 30)
    assert recorder.end == Ended("STOPPED")
    assert recorder.states == ["INITIALIZING", "PLANNING"]
    assert b"final: STOPPED" in recorder.log
    assert not running(mark)
    assert not stores.locks


async def test_a_terraform_that_is_stopped_gives_its_lock_back(
    stores: Stores, folder: Path, host: Host
) -> None:
    stores.locks["stack"] = json.dumps({"ID": "somebody-else"})
    recorder = Recorder()
    hooks = Hooks(before_plan=["echo now"])
    task = begin(a_job(stores, {"main.tf": SLOW}, hooks=hooks), recorder, folder, host)
    await recorder.until(b"now")
    await asyncio.sleep(1)  # it waits for the lock
    recorder.stop.set()
    await asyncio.wait_for(task, 40)
    assert recorder.end == Ended("STOPPED")
    assert json.loads(stores.locks["stack"])["ID"] == "somebody-else"


async def test_a_stop_before_the_first_phase_starts_nothing(
    stores: Stores, folder: Path, host: Host
) -> None:
    recorder = Recorder()
    recorder.stop.set()
    hooks = Hooks(before_init=["echo begun"])
    await carry(a_job(stores, {"main.tf": SLOW}, hooks=hooks), recorder, folder, host)
    assert recorder.end == Ended("STOPPED")
    assert b"begun" not in recorder.log


async def test_the_control_plane_may_stop_a_run_with_its_answer(
    stores: Stores, folder: Path, host: Host
) -> None:
    for number, recorder in enumerate(
        [Recorder(answers={"PLANNING": Next.STOP}), Recorder(after_plan=Next.STOP)]
    ):
        job = a_job(stores, {"main.tf": SLOW}, leg=f"{number}")
        await carry(job, recorder, folder, host)
        assert recorder.end == Ended("STOPPED")
        assert "APPLYING" not in recorder.states


async def test_a_stop_is_ignored_once_the_run_applies(
    stores: Stores, folder: Path, host: Host
) -> None:
    recorder = Recorder(after_plan=Next.APPLY)
    code = SLOW.replace("sleep 5", "sleep 1")
    task = begin(a_job(stores, {"main.tf": code}), recorder, folder, host)
    await recorder.until(b"tick-one")
    recorder.stop.set()
    await asyncio.wait_for(task, 60)
    assert recorder.end.state == "FINISHED"
    assert len(recorder.end.resources or []) == 3


@pytest.mark.parametrize("driver", ["bubblewrap", "process"])
async def test_a_cancelled_apply_still_writes_its_state(
    stores: Stores, folder: Path, open_tools: Path, driver: str
) -> None:
    host = a_host(open_tools, driver=driver)
    recorder = Recorder(after_plan=Next.APPLY)
    task = begin(a_job(stores, {"main.tf": SLOW}), recorder, folder, host)
    await recorder.until(b"tick-one")
    note = (folder / "01LEG/sandbox.pid").read_text().split()
    assert os.getpgid(int(note[0])) == int(note[0])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 60)
    state = json.loads(stores.states["stack"])
    assert "first" in [one["name"] for one in state["resources"]]
    assert b"should-not-run" not in recorder.log
    assert b"Interrupt" in recorder.log
    assert not any(isinstance(one, Ended) for one in recorder.reports)
    assert not stores.locks
    assert not (folder / "01LEG/sandbox.pid").exists()


@pytest.mark.parametrize("driver", ["bubblewrap", "process"])
async def test_what_ignores_an_interrupt_is_killed_with_all_its_children(
    stores: Stores, folder: Path, tools: Path, driver: str
) -> None:
    host = a_host(tools, driver=driver, limits=Limits(grace_seconds=0.5))
    nap = f"sleep {(mark := a_while())}"
    command = f"trap '' INT; sh -c '{nap} & {nap}' & echo up; {nap}"
    job = a_job(stores, {"a": "b"}, LegKind.TASK, command=command, skip_init=True)
    recorder = Recorder()
    task = begin(job, recorder, folder, host)
    await recorder.until(b"up")
    assert running(mark)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 30)
    await until(lambda: not running(mark))


async def test_what_a_hook_left_in_the_background_ends_with_its_phase(
    stores: Stores, folder: Path, host: Host
) -> None:
    mark = a_while()
    hooks = Hooks(before_init=[f"sleep {mark} & setsid sleep {mark} &"])
    recorder = await carry(
        a_job(stores, {"main.tf": SLOW}, hooks=hooks), Recorder(), folder, host
    )
    assert recorder.end.state == "FINISHED"
    await until(lambda: not running(mark))


async def test_a_process_that_escapes_its_group_does_not_hold_the_leg_up(
    stores: Stores, folder: Path, tools: Path
) -> None:
    """Only without isolation: in namespaces there is no escape."""
    host = a_host(tools, driver="process")
    mark = a_while()
    escape = f"setsid sh -c 'touch away; exec sleep {mark}'"
    command = f"{escape} & until [ -e away ]; do sleep 0.1; done; echo done"
    job = a_job(stores, {"a": "b"}, LegKind.TASK, command=command, skip_init=True)
    recorder = await carry(job, Recorder(), folder, host)
    escaped = running(f"sleep\0{mark}")
    for pid in escaped:
        os.kill(pid, signal.SIGKILL)
    assert recorder.end == Ended("FINISHED")
    assert b"done" in recorder.log
    assert escaped, "else this shows nothing"


async def test_a_sandbox_dies_with_a_launcher_that_is_killed(folder: Path) -> None:
    """Else it would go on applying while the run is given up as lost."""
    program = """
import asyncio, sys
from pathlib import Path
from stackyard_worker import beneath
from stackyard_worker.room import Room
from stackyard_worker.sandbox.bubblewrap import Bubblewrap
from stackyard_worker.sandbox import start
from tests.support.legs import a_host

async def main():
    room = Room.make(Path(sys.argv[1]))
    beneath.write(room.control, "phase.sh", sys.argv[2].encode(), owner=room.owner)
    running = await start(Bubblewrap(a_host(Path("/none")), room), "phase.sh")
    print("up", flush=True)
    await running.read()

asyncio.run(main())
"""
    mark = a_while()
    launcher = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, str(folder), f"sleep {mark}"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert launcher.stdout is not None
    assert await asyncio.wait_for(launcher.stdout.readline(), 30) == b"up\n"
    await until(lambda: bool(running(f"sleep\0{mark}")))
    launcher.kill()
    await launcher.wait()
    await until(lambda: not running(f"sleep\0{mark}"))


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(100):
        if holds():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it never came true")
    raise AssertionError
