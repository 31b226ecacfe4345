"""What every driver offers, and what they share."""

import resource
from pathlib import Path
from typing import Protocol

from stackyard_worker.environment import Place
from stackyard_worker.host import Host, Limits
from stackyard_worker.room import Room


class Driver(Protocol):
    """How one kind of sandbox is entered."""

    place: Place
    control: str  # the control folder, seen from inside
    room: Room
    reports: bool  # it has processes of its own around the command

    def command(self, script: str, *, report_to: int) -> list[str]:
        """Return the command line that runs *script*, a file name in `control`.

        One that `reports` writes JSON with the `child-pid` that leads the processes
        inside to the descriptor *report_to*.
        """


def limited(limits: Limits) -> list[str]:
    """Return a prefix that bounds a command: no core dumps, so many files, processes.

    A limit can only be lowered, so what the machine allows us is the most.
    """
    files = _at_most(resource.RLIMIT_NOFILE, limits.open_files)
    processes = _at_most(resource.RLIMIT_NPROC, limits.processes)
    return [
        "prlimit",
        "--core=0:0",
        f"--nofile={files}:{files}",
        f"--nproc={processes}:{processes}",
        "--",
    ]


def tool_folders(host: Host) -> tuple[Path, ...]:
    return tuple(folder for folder in host.tool_folders if folder.is_dir())


def _at_most(kind: int, wanted: int) -> int:
    hard = resource.getrlimit(kind)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
