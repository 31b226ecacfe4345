"""What runs on this machine: a test must tell its own from what others started."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4


def a_while() -> str:
    """Return seconds for `sleep`, a minute, that nobody else sleeps for."""
    return f"60.{uuid4().int}"


def running(mark: str) -> list[int]:
    """Return who has it in the command line, where arguments are joined by NUL."""
    pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if mark in command_line(pid)]


def below(parent: int) -> Iterator[int]:
    """Walk over the children of a process, and theirs."""
    with suppress(OSError):  # it has ended
        for listed in Path(f"/proc/{parent}/task").glob("*/children"):
            for child in map(int, listed.read_text().split()):
                yield child
                yield from below(child)


def below_us() -> list[str]:
    """Return the command lines of all that this process started."""
    return [command_line(pid) for pid in below(os.getpid())]


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""
