"""A started sandbox: read from, interrupted, killed, waited for."""

import asyncio
import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stackyard_worker.environment import PATH
from stackyard_worker.room import started_at
from stackyard_worker.sandbox.driver import Driver

_PIECE: Final = 64 * 1024
_SECONDS_TO_DIE: Final = 10.0


@dataclass(slots=True)
class Running:
    """A started sandbox. Its standard output and error are one stream of bytes."""

    process: asyncio.subprocess.Process
    _output: asyncio.StreamReader
    _pipe: asyncio.ReadTransport
    _report: int
    _leader: int | None = None

    async def read(self) -> bytes:
        """Return the next bytes as they come; empty at the end."""
        return await self._output.read(_PIECE)

    def interrupt(self) -> None:
        """Ask every process inside to end in good order."""
        inner = self._inner()
        # so young that it has no group of its own: nothing in it can mind its end
        if inner is None or not self._signal(inner, signal.SIGINT):
            self._signal(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """End every process inside at once."""
        inner = self._inner()
        if inner is not None:
            # the first process of its namespace: the kernel takes the rest along
            self._signal(inner, signal.SIGKILL)
        self._signal(self.process.pid, signal.SIGKILL)

    async def end(self) -> int:
        """Wait for the exit code; whoever is left of the group is killed."""
        code = await self.process.wait()
        self._signal(self.process.pid, signal.SIGKILL)
        return code

    async def close(self) -> None:
        """Kill whatever still runs, and forget it."""
        if self.process.returncode is None:
            self.kill()
            await asyncio.wait_for(self.process.wait(), _SECONDS_TO_DIE)
        self._pipe.close()
        if self._report >= 0:
            os.close(self._report)
            self._report = -1

    def _inner(self) -> int | None:
        if self._leader is None and self.process.returncode is None:
            self._leader = _read_leader(self._report)
        return self._leader if self.process.returncode is None else None

    def _signal(self, group: int, number: signal.Signals) -> bool:
        try:
            os.killpg(group, number)
        except (ProcessLookupError, PermissionError):
            return False  # gone already
        return True


async def start(driver: Driver, script: str) -> Running:
    """Start *script* in the sandbox and leave a note of whom to kill."""
    output, output_end = os.pipe()
    report, report_end = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *driver.command(script, report_to=report_end),
            stdin=asyncio.subprocess.DEVNULL,
            # A pipe of our own: asyncio takes a process for running as long as
            # anybody holds one of its pipes, and a daemon may do so for ever.
            stdout=output_end,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[report_end] if driver.reports else [],
            env={"PATH": PATH},
            cwd="/",
        )
    except BaseException:
        os.close(output)
        os.close(report)
        raise
    finally:
        os.close(output_end)
        os.close(report_end)
    os.set_blocking(report, False)
    reader, pipe = await _reader(output)
    running = Running(process, reader, pipe, report)
    try:
        _leave_note(driver.room.pid_file, process.pid)
    except OSError:
        await running.close()
        raise
    return running


async def _reader(
    descriptor: int,
) -> tuple[asyncio.StreamReader, asyncio.ReadTransport]:
    reader = asyncio.StreamReader(limit=_PIECE)
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb")
    )
    return reader, pipe


def _leave_note(file: Path, pid: int) -> None:
    file.write_text(f"{pid} {started_at(pid) or 0}\n", encoding="utf-8")


def _read_leader(descriptor: int) -> int | None:
    try:
        report = json.loads(os.read(descriptor, _PIECE))
    except (OSError, ValueError):
        return None  # not that far yet: whoever asks signals the outermost instead
    leader = report.get("child-pid")
    return leader if isinstance(leader, int) else None
