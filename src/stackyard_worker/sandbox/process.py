"""No isolation: a process group of its own, a clean environment, limits, another user.

For code that is trusted only. It sees the machine's files and processes, and what it
starts in a session of its own outlives it.
"""

import os
import stat
from typing import Final

from stackyard_worker.environment import Place
from stackyard_worker.errors import LegFailedError
from stackyard_worker.host import SANDBOX_UID, Host
from stackyard_worker.room import Room
from stackyard_worker.sandbox.driver import limited, tool_folders

_OTHERS_MAY_ENTER: Final = stat.S_IXOTH


class Process:
    def __init__(self, host: Host, room: Room) -> None:
        self._host = host
        self._is_root = os.geteuid() == 0
        if self._is_root:
            _ensure_reachable(room)
        self.room = room
        self.reports = False
        self.control = str(room.control)
        self.place = Place(
            workspace=str(room.workspace),
            home=str(room.home),
            temporary=str(room.temporary),
            tools=tuple(map(str, tool_folders(host))),
        )

    def command(self, script: str, *, report_to: int) -> list[str]:
        del report_to  # the process that is started leads its own group
        return [
            *limited(self._host.limits),
            "setpriv",
            "--no-new-privs",
            *("--pdeathsig", "KILL"),
            *self._stepping_down(),
            "--",
            *("env", "-i", "/bin/sh"),
            f"{self.control}/{script}",
        ]

    def _stepping_down(self) -> list[str]:
        if not self._is_root:
            return []
        return [
            f"--reuid={SANDBOX_UID}",
            f"--regid={SANDBOX_UID}",
            "--clear-groups",
            "--inh-caps=-all",
            "--bounding-set=-all",
        ]


def _ensure_reachable(room: Room) -> None:
    """Refuse rather than run a stranger's code as root."""
    for parent in [room.folder, *room.folder.parents]:
        if not parent.stat().st_mode & _OTHERS_MAY_ENTER:
            raise LegFailedError(
                "The worker runs as root, but the user of the run may not enter the"
                " worker's folder. Use another folder, or the bubblewrap driver."
            )
