"""`stackyard up` as a person meets it: started, killed, started again, stopped."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from tests.support.ports import free_port


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="stackyard-up-") as place:
        Path(place).chmod(0o755)
        yield Path(place) / "data"


class Up:
    """One `stackyard up`, and what it has said."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "stackyard", "up", "--data", str(folder)),
                *("--port", str(free_port()), "--mqtt-port", str(free_port())),
                *options,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            text=True,
        )
        self.said = ""

    def read_until(self, words: str) -> str:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said += line
            if words in line:
                return self.said
        message = f"ended without {words!r}:\n{self.said}"
        raise AssertionError(message)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdout
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.process.stdout.close()


def children(of: int) -> list[int]:
    """Return the children of one process that we started ourselves."""
    listed = Path(f"/proc/{of}/task/{of}/children").read_text()
    return [int(pid) for pid in listed.split()]


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}/exe").exists()]


def test_a_killed_platform_leaves_nothing_that_blocks_the_next_start(
    folder: Path,
) -> None:
    with Up(folder) as first:
        said = first.read_until("Ctrl-C stops everything")
        key = re.search(r"API key: id (\S+), secret (\S+)", said)
        password = re.search(r"password (\S+)", said)
        assert key
        assert password
        started = children(first.process.pid)
        assert len(started) == 5  # two servers, two of the control plane, a worker
        first.process.kill()

    with Up(folder) as second:
        said = second.read_until("Ctrl-C stops everything")
        assert key[2] not in said
        assert password[1] not in said
        assert not alive(started)
        started = children(second.process.pid)
        second.process.send_signal(signal.SIGINT)
        second.read_until("everything is stopped")
        assert second.process.wait(20) == 0

    deadline = time.monotonic() + 10
    while alive(started) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive(started)


def test_a_second_platform_on_the_same_folder_is_refused(folder: Path) -> None:
    with Up(folder) as first:
        first.read_until("PostgreSQL ready")
        with Up(folder) as second:
            second.read_until("Another `stackyard up` works in that data folder")
            assert second.process.wait(20) == 1
