"""What a run sees of the machine: as root, and as an ordinary user."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.support.githttp import GitServer, running_git
from tests.support.legs import a_host, a_job, carry, variables
from tests.support.processes import below_us
from tests.support.recorder import Recorder
from tests.support.stores import Stores

from stackyard_protocol.job import GitClone, LegKind
from stackyard_protocol.report import Ended
from stackyard_worker import beneath
from stackyard_worker.host import SANDBOX_UID, Host
from stackyard_worker.room import Room
from stackyard_worker.sandbox import make_driver
from stackyard_worker.sandbox.bubblewrap import Bubblewrap
from stackyard_worker.shell import Step, script

ROOT = os.geteuid() == 0
NOBODY = 65534

PROBE = r"""
echo "uid=$(id -u)"
grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status | tr '\t' ' '
echo "canary=[${CANARY_ENV-}]"
env | sort
cat "$1" 2>&1; echo "read=$?"
{ echo x >/usr/written; } 2>/dev/null; echo "usr=$?"
{ echo x >/mnt/workspace/written; } 2>/dev/null; echo "workspace=$?"
{ echo x >/tmp/written; } 2>/dev/null; echo "tmp=$?"
ls /proc | grep -c '^[0-9]'
ls / | tr '\n' ' '
unshare -Ur true 2>/dev/null; echo "userns=$?"
mount -t tmpfs none /mnt 2>/dev/null; echo "mount=$?"
kill -0 1 2>/dev/null; echo "init=$?"
readlink /proc/self/fd/0
ls /proc/self/fd | tr '\n' ' '
"""


@pytest.fixture
def secret(folder: Path) -> Iterator[Path]:
    """A file that anybody on the machine may read, outside of every bind."""
    file = folder / "secret"
    file.write_text("canary-file")
    file.chmod(0o644)
    os.environ["CANARY_ENV"] = "canary-value"
    yield file
    del os.environ["CANARY_ENV"]


def run_as(user: int | None, command: list[str]) -> str:
    prefix = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"]
    ended = subprocess.run(
        [*(prefix if user is not None else []), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    return ended.stdout.decode(errors="replace")


def probe(room: Room, driver: Bubblewrap, secret: Path, user: int | None) -> str:
    step = Step("probe", f"set -- {secret}\n{PROBE}")
    text = script({"GIVEN": "it's"}, "/mnt/workspace", [step], driver.control)
    beneath.write(room.control, "phase.sh", text, owner=room.owner)
    return run_as(user, driver.command("phase.sh", report_to=2))


@pytest.mark.parametrize("user", [None, NOBODY])
def test_a_run_sees_nothing_of_the_machine(
    folder: Path, secret: Path, tools: Path, user: int | None
) -> None:
    if user is not None and not ROOT:
        pytest.skip("only root can become somebody else")
    room = Room.make(folder)
    if user is not None:
        room = Room(folder, (user, user))
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, user, user)
    # no tools: an ordinary user may not reach those of the test
    driver = Bubblewrap(a_host(folder / "none"), room, root=ROOT and user is None)
    seen = probe(room, driver, secret, user)
    assert f"uid={SANDBOX_UID}\n" in seen, seen
    assert "CapEff: 0000000000000000" in seen
    assert "NoNewPrivs: 1" in seen
    assert "canary=[]" in seen
    assert "canary" not in seen.replace("canary=[]", "")
    assert "GIVEN=it's\n" in seen
    assert "PATH=" not in seen, "not even our own"
    assert "read=1" in seen
    assert "usr=0" not in seen
    assert "workspace=0" in seen
    assert "tmp=0" in seen
    assert "mount=0" not in seen
    assert "/dev/null" in seen
    assert "boot" not in seen
    written = folder / "workspace/written"
    assert written.stat().st_uid == (user or (SANDBOX_UID if ROOT else os.geteuid()))
    if user is not None or not ROOT:
        assert "userns=0" not in seen, "no further namespaces"
    else:
        assert "CapBnd: 0000000000000000" in seen


async def test_the_environment_of_the_worker_is_not_that_of_the_run(
    stores: Stores, folder: Path, tools: Path, secret: Path
) -> None:
    for driver in ("bubblewrap", "process"):
        host = a_host(
            tools,
            driver=driver,
            environ={"CANARY_ENV": "canary-value", "IN": "in", "RO": "r", "WO": "w"},
            pass_env=("IN", "ro_RO", "wo_WO", "ABSENT"),
        )
        job = a_job(
            stores, {"a": "b"}, LegKind.TASK, command="env", skip_init=True, leg=driver
        )
        recorder = await carry(job, Recorder(), folder, host)
        assert recorder.end == Ended("FINISHED"), recorder.log
        assert b"canary" not in recorder.log
        assert b"IN=in\n" in recorder.log
        assert b"RO=r\n" in recorder.log
        assert b"WO=" not in recorder.log
        names = {line.partition(b"=")[0] for line in recorder.log.splitlines()}
        assert b"SSL_CERT_FILE" not in names
        assert b"VIRTUAL_ENV" not in names


async def test_secrets_are_in_no_argument_list(
    stores: Stores, folder: Path, host: Host
) -> None:
    command = "echo up; sleep 2"
    job = a_job(stores, {"a": "b"}, LegKind.TASK, command=command, skip_init=True)
    recorder = Recorder()
    task = asyncio.create_task(carry(job, recorder, folder, host))
    await recorder.until(b"up")
    lines = "\n".join(below_us())
    await task
    assert "bwrap" in lines
    assert "the-token-of-the-leg" not in lines
    assert "TF_HTTP" not in lines


async def test_a_loader_variable_of_a_run_reaches_nothing_of_ours(
    stores: Stores, folder: Path, host: Host
) -> None:
    """The program that gives up root's rights must not load a run's library."""
    job = a_job(
        stores,
        {"a": "b"},
        LegKind.TASK,
        command="id -u",
        skip_init=True,
        environment=variables(LD_PRELOAD="/mnt/workspace/evil.so"),
    )
    recorder = await carry(job, Recorder(), folder, host)
    lines = recorder.log.decode().splitlines()
    assert str(SANDBOX_UID) in lines
    complaints = [line for line in lines if "evil.so" in line]
    assert not [line for line in complaints if "setpriv" in line or "bwrap" in line]


def test_the_process_driver_refuses_to_run_strangers_code_as_root(
    tmp_path: Path, tools: Path
) -> None:
    if not ROOT:
        pytest.skip("we are not root")
    (tmp_path / "closed").mkdir(mode=0o700)
    room = Room.make(tmp_path / "closed")
    with pytest.raises(Exception, match="may not enter"):
        make_driver(a_host(tools, driver="process"), room)


@pytest.fixture
async def git(folder: Path) -> AsyncIterator[GitServer]:
    async with running_git(folder / "repositories") as server:
        yield server


@pytest.mark.parametrize("by_hash", [True, False])
async def test_exactly_the_commit_is_fetched_even_where_hashes_are_not_served(
    stores: Stores, folder: Path, tools: Path, git: GitServer, *, by_hash: bool
) -> None:
    first = git.commit("repo", {"main.tf": 'output "x" { value = "older" }'})
    git.commit("repo", {"main.tf": 'output "x" { value = "newer" }'})
    git.serve_hashes("repo", allowed=by_hash)
    host = a_host(tools, git_protocols=("http",))
    job = replace(a_job(stores, {}), source=GitClone(url=git.url("repo"), commit=first))
    recorder = await carry(job, Recorder(), folder, host)
    assert recorder.end == Ended("FINISHED"), recorder.log
    assert b'"older"' in recorder.log
    refused = await carry(replace(job, leg="02LEG"), Recorder(), folder, a_host(tools))
    assert refused.end.state == "FAILED", "plain http is not for real workers"
