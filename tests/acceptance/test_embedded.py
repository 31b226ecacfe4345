"""The servers inside `stackyard up`: who may reach them, and what dies with whom."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from tests.support.blobs import running_store
from tests.support.ports import free_port

from stackyard.embedded.child import Child, Program
from stackyard.embedded.folder import DataFolder, FolderInUseError, PortTakenError
from stackyard.embedded.postgres import EmbeddedPostgres
from stackyard.embedded.sockets import remove_sockets
from stackyard.kernel.blobs import Bucket

NOBODY = 65534
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def folder() -> Iterator[Path]:
    # not pytest's own temporary folder: `nobody` could not enter it
    with tempfile.TemporaryDirectory(prefix="stackyard-test-") as place:
        Path(place).chmod(0o755)
        yield Path(place)


async def until(true: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - processes tell nobody
            await asyncio.sleep(0.02)


def exists(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def listening(pid: int) -> set[str]:
    """Return the addresses that a process accepts on, as the kernel writes them."""
    sockets = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            found = re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink()))
            if found:
                sockets.add(found[1])
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return {
        row[1].split(":")[0] for row in rows if row[3] == "0A" and row[9] in sockets
    }


async def test_the_store_listens_on_loopback_only(folder: Path) -> None:
    async with running_store(folder) as store:
        assert store.process
        assert listening(store.process.pid) == {"0100007F"}


async def test_the_stores_inner_doors_want_a_token(folder: Path) -> None:
    async with running_store(folder) as store:
        with socket.create_connection(
            ("127.0.0.1", store.server.ports["filer"]), timeout=10
        ) as door:
            door.sendall(b"GET /buckets/ HTTP/1.0\r\n\r\n")
            assert b" 401 " in door.recv(64)


@pytest.mark.parametrize("index", ["filerldb2", "index"])
async def test_the_store_finds_again_what_it_had(folder: Path, index: str) -> None:
    """Under the index of an earlier release, too."""
    (folder / "objects" / index).mkdir(parents=True)
    async with running_store(folder) as store:
        await store.connect().put(Bucket.STATES, "kept", b"state")
        store.stop()
        await store.start()

        assert await store.connect().get(Bucket.STATES, "kept") == b"state"
        assert any((folder / "objects" / index).iterdir())


def test_a_data_folder_has_one_owner_at_a_time(folder: Path) -> None:
    with (
        DataFolder(folder).owned(),
        pytest.raises(FolderInUseError),
        DataFolder(folder).owned(),
    ):
        pass
    with DataFolder(folder).owned():
        pass


def test_a_secret_is_made_once_and_is_ours_alone_to_read(folder: Path) -> None:
    with DataFolder(folder).owned():
        first = DataFolder(folder).kept("key", lambda: "made first")
        again = DataFolder(folder).kept("key", lambda: "made again")
        path = DataFolder(folder).secrets / "key"

    assert (first, again) == ("made first", "made first")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_port_that_was_given_is_taken_or_refused_and_others_give_way(
    folder: Path,
) -> None:
    data = DataFolder(folder)
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]

        assert data.choose_ports({"http": taken}, {})["http"] != taken
        with pytest.raises(PortTakenError):
            data.choose_ports({"http": None}, {"http": taken})


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Be another user for a while: tests are root."""
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_what_another_user_s_store_has_left_does_not_block_ours(folder: Path) -> None:
    """Its sockets lie where everybody's do, and only that user can remove them."""
    folder.chmod(0o777)
    data, port = DataFolder(folder), free_port()
    left = Path(f"/tmp/seaweedfs-master-grpc-{port}.sock")  # noqa: S108 - its choice
    left.touch()
    with nobody():
        chosen = data.choose_ports({"master.grpc": port}, {})
    removed_by_us = data.choose_ports({"master": port}, {})
    remove_sockets([port])

    assert chosen["master.grpc"] != port
    assert removed_by_us["master"] == port
    assert not left.exists()


def test_ports_are_the_same_at_the_next_start(folder: Path) -> None:
    data = DataFolder(folder)
    chosen = data.choose_ports({"a": free_port(), "b": free_port()}, {})

    assert data.choose_ports({"a": free_port(), "b": None}, {}) == chosen


async def test_a_child_that_dies_is_started_again_and_stops_when_asked(
    folder: Path,
) -> None:
    told: list[str] = []
    with DataFolder(folder).owned():
        child = Child(Program("sleeper", SLEEP, {}), DataFolder(folder), told.append)
        await child.start()
        first = child.pid
        assert first
        os.kill(first, signal.SIGKILL)

        await until(lambda: child.pid != first)
        second = child.pid
        await child.stop()

    assert second
    assert not exists(second)
    assert "sleeper ended with status -9" in told[0]


async def test_a_child_that_ignores_the_wish_is_killed_after_its_grace(
    folder: Path,
) -> None:
    deaf = (
        "import signal, time; signal.signal(15, signal.SIG_IGN);"
        "print('deaf', flush=True); time.sleep(600)"
    )
    program = Program("deaf", [sys.executable, "-c", deaf], {}, grace_seconds=0.2)
    with DataFolder(folder).owned():
        child = Child(program, DataFolder(folder), lambda _: None)
        await child.start()
        log = folder / "logs" / "deaf.log"
        await until(lambda: "deaf" in log.read_text())
        pid = child.pid
        await child.stop()

    assert pid
    assert not exists(pid)


PARENT = """
import asyncio, sys
from pathlib import Path
from stackyard.embedded.child import Child, Program
from stackyard.embedded.folder import DataFolder

async def main():
    folder = DataFolder(Path(sys.argv[1]))
    with folder.owned():
        sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
        child = Child(Program("sleeper", sleep, {}), folder, print)
        await child.start()
        print(child.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_a_killed_parent_takes_its_children_along(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(folder)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    ) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        await asyncio.sleep(0.5)  # until the leash is on
        assert exists(pid)
        parent.kill()

    await until(lambda: not exists(pid))
    with DataFolder(folder).owned():
        pass


async def test_what_an_earlier_start_left_is_ended_but_never_a_stranger(
    folder: Path,
) -> None:
    data = DataFolder(folder)
    program = Program("sleeper", SLEEP, {}, grace_seconds=2)
    with data.owned(), subprocess.Popen(SLEEP) as stranger:
        left = Child(program, data, print)
        await left.start()
        pid = left.pid
        assert pid
        note = data.running / "sleeper.json"
        written = note.read_text()

        note.write_text(json.dumps({"pid": stranger.pid, "born": "1"}))
        assert not await Child(program, data, print).stop_leftover()
        assert exists(stranger.pid)

        note.write_text(written)
        assert left._keeper  # noqa: SLF001 - as if its keeper had been killed
        left._keeper.cancel()  # noqa: SLF001 - the same
        assert await Child(program, data, print).stop_leftover()
        assert not exists(pid)
        stranger.kill()


def start(server: EmbeddedPostgres) -> subprocess.Popen[bytes]:
    server.prepare()
    process = subprocess.Popen(
        server.command(fsync="off"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **server.identity(),
    )
    server.create_database()
    return process


def test_the_database_wants_its_password_and_survives_a_leftover_server(
    folder: Path,
) -> None:
    server = EmbeddedPostgres(folder, free_port(), "the-password")
    with start(server) as left:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (id int)")
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.url.replace("the-password", "guess"))

        again = EmbeddedPostgres(folder, free_port(), "the-password")
        assert again.stop_leftover()
        assert left.wait(10) == 0
        assert not again.stop_leftover()
    with start(again) as second:
        with psycopg.connect(again.url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        second.send_signal(signal.SIGINT)

    assert "the-password" not in repr(server)


def test_a_cluster_whose_making_was_cut_off_is_made_anew(folder: Path) -> None:
    server = EmbeddedPostgres(folder, free_port(), "x")
    (server.data / "base").mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("17\n")

    with start(server) as process:
        deadline = time.monotonic() + 20
        process.send_signal(signal.SIGINT)
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)

    assert process.returncode == 0
