"""The folders of one leg on the machine, and who owns them.

workspace/   what is archived between plan and apply; `source/` is the repository
home/ tmp/   private to the leg, gone with it
control/     scripts in, results out, one session at a time
etc/         the few files that the sandbox has as its /etc
sandbox.pid  who to kill if the launcher died: process group and start time
"""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from stackyard_worker.beneath import Owner
from stackyard_worker.host import SANDBOX_UID

_SECONDS_TO_REMOVE = 600.0

_PASSWD = f"""\
root:x:0:0:root:/root:/bin/sh
spacelift:x:{SANDBOX_UID}:{SANDBOX_UID}:spacelift:/home/spacelift:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
"""
_GROUP = f"root:x:0:\nspacelift:x:{SANDBOX_UID}:\nnogroup:x:65534:\n"


@dataclass(frozen=True, slots=True)
class Room:
    folder: Path
    owner: Owner = None  # of everything that the run may write; None: ourselves

    @classmethod
    def make(cls, folder: Path) -> "Room":
        """Lay the folders out. Root gives them away: a run is never root."""
        owner = (SANDBOX_UID, SANDBOX_UID) if os.geteuid() == 0 else None
        room = cls(folder, owner)
        for path in (room.source, room.home, room.temporary, room.control, room.etc):
            path.mkdir(parents=True, exist_ok=True)
        for path in (
            room.workspace,
            room.source,
            room.home,
            room.temporary,
            room.control,
        ):
            path.chmod(0o700)
            if owner is not None:
                os.chown(path, *owner)
        (room.etc / "passwd").write_text(_PASSWD)
        (room.etc / "group").write_text(_GROUP)
        return room

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def source(self) -> Path:
        return self.workspace / "source"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    @property
    def control(self) -> Path:
        return self.folder / "control"

    @property
    def etc(self) -> Path:
        return self.folder / "etc"

    @property
    def pid_file(self) -> Path:
        return self.folder / "sandbox.pid"

    @property
    def errored_state(self) -> Path:
        """A state that Terraform could not deliver; the launcher does."""
        return self.folder / "errored.tfstate"


def started_at(pid: int) -> str | None:
    """Return when a process began, in clock ticks: with its pid it is unmistakable."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    # the second field is a name in brackets, which may hold anything
    return status.rpartition(")")[2].split()[19]


async def remove(folder: Path) -> None:
    """Delete a leg's folder, whatever the run has left in it.

    Not by Python's own means: those can be nested into exhaustion.
    """
    if os.geteuid() != 0:  # folders that were made read-only
        await _run("chmod", "-R", "u+rwX", "--", str(folder))
    await _run("rm", "-rf", "--", str(folder))


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await asyncio.wait_for(process.wait(), _SECONDS_TO_REMOVE)
    except TimeoutError:
        process.kill()
        await process.wait()
