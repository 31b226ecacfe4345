"""What a launcher does with the journal and the processes of a former life."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.support.authority import make_key
from tests.support.client import eventually
from tests.support.control_plane import ControlPlane, running_control_plane

from stackyard_protocol.report import MAX_CHUNK, Accepted, Entered, Lost
from stackyard_worker.dialogue import Dialogue
from stackyard_worker.journal import FolderInUseError, Journal, LegJournal
from stackyard_worker.processes import PID_FILE, kill_leftovers, started_at
from stackyard_worker.recovery import Recovery


@pytest.fixture
async def control_plane() -> AsyncIterator[ControlPlane]:
    async with running_control_plane(make_key().public_key()) as control_plane:
        yield control_plane


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(tmp_path)
    yield journal
    journal.close()


async def an_interrupted_leg(
    journal: Journal, control_plane: ControlPlane, client: httpx.AsyncClient
) -> LegJournal:
    """Return a leg that was accepted, has written to its log, and then broke off."""
    assigned = control_plane.make_leg()
    leg = await journal.begin(control_plane.legs[assigned.leg].job)
    dialogue = Dialogue.of(journal, leg, client)
    await dialogue.report(Accepted())
    dialogue.write(b"a" * 1000)
    return leg


async def recover(recovery: Recovery) -> None:
    tasks = recovery.begin()
    assert tasks
    async with asyncio.timeout(20):
        await asyncio.wait(tasks)
    for task in tasks:
        task.result()


async def test_chunks_have_the_same_bytes_in_every_life(
    journal: Journal, control_plane: ControlPlane, client: httpx.AsyncClient
) -> None:
    leg = await an_interrupted_leg(journal, control_plane, client)
    leg.logs[0].seal()  # and perhaps sent, and perhaps answered
    leg.logs[0].write(b"b" * (MAX_CHUNK * 2))
    record = control_plane.legs[leg.record.leg]
    record.logs[3] = [b"a" * 1000]

    await recover(Recovery(journal, client))

    assert record.log(3) == b"a" * 1000 + b"b" * (MAX_CHUNK * 2)
    assert record.logs[3][0] == b"a" * 1000
    assert [type(body) for body in record.bodies] == [Accepted, Lost]
    assert journal.former() == []


async def test_a_server_that_has_less_than_we_believed_gets_the_rest(
    journal: Journal, control_plane: ControlPlane, client: httpx.AsyncClient
) -> None:
    leg = await an_interrupted_leg(journal, control_plane, client)
    for _ in range(3):
        leg.logs[0].write(b"c" * 10)
        leg.logs[0].seal()

    await recover(Recovery(journal, client))

    assert control_plane.legs[leg.record.leg].log(3) == b"a" * 1000 + b"c" * 30


async def test_a_report_without_an_answer_is_said_before_lost(
    journal: Journal, control_plane: ControlPlane, client: httpx.AsyncClient
) -> None:
    leg = await an_interrupted_leg(journal, control_plane, client)
    leg.add_report(Entered("APPLYING"))

    await recover(Recovery(journal, client))

    bodies = control_plane.legs[leg.record.leg].bodies
    assert [type(body) for body in bodies] == [Accepted, Entered, Lost]


async def test_what_is_added_to_a_half_written_journal_can_be_read_again(
    journal: Journal, control_plane: ControlPlane, client: httpx.AsyncClient
) -> None:
    leg = await an_interrupted_leg(journal, control_plane, client)
    with (leg.folder / "journal" / "reports").open("ab") as file:
        file.write(b'{"sequence": 1, "bo')

    LegJournal.reopen(leg.folder).add_report(Lost("gone"))

    again = LegJournal.reopen(leg.folder)
    assert [report.body for report in again.reports] == [Accepted(), Lost("gone")]


async def test_a_leg_that_the_server_has_forgotten_is_forgotten(
    journal: Journal, control_plane: ControlPlane, client: httpx.AsyncClient
) -> None:
    leg = await an_interrupted_leg(journal, control_plane, client)
    control_plane.legs[leg.record.leg].forgotten = True

    await recover(Recovery(journal, client))

    assert journal.former() == []


async def test_what_cannot_be_delivered_for_a_week_is_given_up_but_the_state_is_kept(
    journal: Journal, control_plane: ControlPlane, client: httpx.AsyncClient
) -> None:
    leg = await an_interrupted_leg(journal, control_plane, client)
    leg.errored_state.write_bytes(b"{}")
    await control_plane.stop()

    await recover(Recovery(journal, client, retention_seconds=0, least_seconds=0.3))

    assert journal.former() == []
    kept = journal.folder / "errored-states" / f"{leg.record.leg}.tfstate"
    assert kept.read_bytes() == b"{}"


async def test_the_token_of_a_leg_is_readable_by_us_alone(
    journal: Journal, control_plane: ControlPlane, client: httpx.AsyncClient
) -> None:
    leg = await an_interrupted_leg(journal, control_plane, client)
    own = leg.folder / "journal"

    assert own.stat().st_mode & 0o777 == 0o700
    for path in own.rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o077 == 0, path
    dialogue = Dialogue.of(journal, leg, client)
    job = control_plane.legs[leg.record.leg].job
    assert leg.record.token not in repr((leg, dialogue, job))


async def test_a_folder_that_is_no_leg_is_tidied_up(
    journal: Journal, client: httpx.AsyncClient
) -> None:
    (journal.folder / "legs" / "half-made").mkdir()
    (journal.folder / "legs" / "a-stray-file").touch()

    assert Recovery(journal, client).begin() == []

    assert journal.former() == []


async def test_read_only_folders_are_removed_too(
    journal: Journal, control_plane: ControlPlane, client: httpx.AsyncClient
) -> None:
    leg = await an_interrupted_leg(journal, control_plane, client)
    cache = leg.folder / "workspace" / "cache"
    cache.mkdir(parents=True)
    (cache / "module").touch()
    cache.chmod(0o500)

    await leg.remove()

    assert not leg.folder.exists()


def test_a_folder_belongs_to_one_launcher(journal: Journal) -> None:
    with pytest.raises(FolderInUseError):
        Journal.open(journal.folder)


@contextmanager
def a_group(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        command,
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def note(folder: Path, pid: int, started: object) -> None:
    (folder / PID_FILE).write_text(f"{pid} {started}\n")


def test_the_process_group_of_a_former_life_is_killed(tmp_path: Path) -> None:
    with a_group("sh", "-c", "sleep 600 & sleep 600") as process:
        note(tmp_path, process.pid, started_at(process.pid))

        assert kill_leftovers(tmp_path)
        assert process.wait(10) == -9


def test_children_of_a_leader_that_died_are_killed(tmp_path: Path) -> None:
    with a_group("sh", "-c", "sleep 600 & echo $!; read go") as process:
        assert process.stdout is not None
        assert process.stdin is not None
        started = started_at(process.pid)
        child = int(process.stdout.readline())
        process.stdin.close()
        process.wait(10)
        note(tmp_path, process.pid, started)

        assert kill_leftovers(tmp_path)
        assert process.stdout.read() == b""  # the child has let go of it
        eventually(lambda: started_at(child) is None, "the child's end", 10)


def test_a_process_that_only_has_the_same_number_is_left_alone(
    tmp_path: Path,
) -> None:
    with a_group("sleep", "600") as process:
        note(tmp_path, process.pid, (started_at(process.pid) or 0) + 1)

        assert not kill_leftovers(tmp_path)
        assert process.poll() is None


@pytest.mark.parametrize("text", ["", "1", "x y", "0 0 0", "-1 5", "99999999 1"])
def test_a_note_that_says_nothing_kills_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / PID_FILE).write_text(text)

    assert not kill_leftovers(tmp_path)
