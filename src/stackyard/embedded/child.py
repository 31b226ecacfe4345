"""One program that is kept running: started again when it dies, stopped when asked."""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from stackyard.embedded import leash
from stackyard.embedded.folder import DataFolder

LARGEST_LOG: Final = 32 * 1024 * 1024
_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 10.0
_LONG_ENOUGH: Final = 30.0  # alive for so long, it starts afresh with short pauses


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    command: list[str]
    environment: dict[str, str] = field(repr=False)  # it holds secrets
    stop_signal: signal.Signals = signal.SIGTERM  # also when we are killed
    grace_seconds: float = 10
    owner: tuple[int, int] | None = None


class Child:
    def __init__(
        self, program: Program, folder: DataFolder, tell: Callable[[str], None]
    ) -> None:
        self.program = program
        self._folder = folder
        self._tell = tell
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start it, and again whenever it dies, until `stop`."""
        self._process = await self._spawn()
        self._keeper = asyncio.create_task(self._keep(self._process))

    async def stop(self) -> None:
        """End it: politely, then after its grace for good, with all it started."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.program.stop_signal)
        try:
            async with asyncio.timeout(self.program.grace_seconds):
                await process.wait()
        except TimeoutError:
            self._tell(f"{self.program.name} did not stop in time and is killed")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # it leads a group of its own
        await process.wait()
        self._note.unlink(missing_ok=True)

    async def stop_leftover(self) -> bool:
        """End what an earlier, killed parent left of this child."""
        pid = _alive(self._note)
        if pid is None:
            return False
        deadline = time.monotonic() + self.program.grace_seconds
        while _alive(self._note) == pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, self.program.stop_signal)
            if time.monotonic() > deadline:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
            await asyncio.sleep(0.1)
        return True

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        pause = _FIRST_PAUSE
        while True:
            began = time.monotonic()
            code = await process.wait()
            if time.monotonic() - began > _LONG_ENOUGH:
                pause = _FIRST_PAUSE
            self._tell(
                f"{self.program.name} ended with status {code},"
                f" see {self._log.name}; again in {pause:.1f} s"
            )
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
            pause = min(pause * 2, _LONGEST_PAUSE)
            process = self._process = await self._spawn()

    async def _spawn(self) -> asyncio.subprocess.Process:
        owner = self.program.owner
        with self._open_log() as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", leash.__file__),
                *(str(os.getpid()), str(int(self.program.stop_signal))),
                f"{owner[0]}:{owner[1]}" if owner else "",
                *self.program.command,
                cwd="/",
                env=self.program.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours to pass on, in order
            )
        self._note.write_text(
            json.dumps({"pid": process.pid, "born": _born(process.pid)})
        )
        return process

    def _open_log(self) -> BinaryIO:
        if self._log.exists() and self._log.stat().st_size > LARGEST_LOG:
            self._log.replace(self._log.with_suffix(".log.1"))
        self._log.touch(mode=0o600)
        return self._log.open("ab")

    @property
    def _log(self) -> Path:
        return self._folder.logs / f"{self.program.name}.log"

    @property
    def _note(self) -> Path:
        return self._folder.running / f"{self.program.name}.json"


def _alive(note: Path) -> int | None:
    try:
        noted = json.loads(note.read_text())
        pid = int(noted["pid"])
        return pid if _born(pid) == noted["born"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _born(pid: int) -> str | None:
    """Return when it started, by the kernel's clock: pids are used again."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *rest = stat.rpartition(")")[2].split()
    return None if state == "Z" else rest[18]
