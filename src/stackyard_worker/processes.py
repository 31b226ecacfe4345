"""End what a launcher that was killed has left running.

The sandbox leaves `sandbox.pid` in the leg's folder: the leader of its process group
and when that started, since process numbers come again. Linux only, as sandboxes are.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger()

PID_FILE: Final = "sandbox.pid"


def kill_leftovers(folder: Path) -> bool:
    """Kill the group that is noted in *folder*, if it still runs; say if there was."""
    try:
        words = (folder / PID_FILE).read_text().split()
    except (OSError, UnicodeDecodeError):
        return False
    match words:
        case [pid, started] if pid.isdigit() and started.isdigit():
            killed = _kill_group(int(pid), int(started))
        case _:
            killed = False
    if killed:
        log.warning("sandbox.leftovers_killed", folder=folder.name)
    return killed


def boot() -> str:
    """Return what tells one boot of the machine from another."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def started_at(pid: int) -> int | None:
    """Return when a running process began, in ticks since the machine did."""
    fields = _stat(pid)
    return int(fields[19]) if fields and fields[0] != "Z" else None


def _kill_group(leader: int, started: int) -> bool:
    """Kill the group if it is still the one that was started then."""
    current = started_at(leader)
    if current is not None and current != started:
        return False  # the number went to somebody else
    if current is None and not _has_members(leader, started):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
        return True
    return False


def _has_members(group: int, started: int) -> bool:
    """Whether a leaderless group has members: the leader died before them."""
    return any(
        int(fields[2]) == group and int(fields[19]) >= started
        for fields in _all_processes()
    )


def _all_processes() -> Iterator[list[str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            yield fields


def _stat(pid: int) -> list[str] | None:
    """Return the fields after the name: state, parent, group, …, start at [19]."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return text[text.rfind(")") + 2 :].split()
