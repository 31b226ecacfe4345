"""Run a script in the sandbox to its end, whichever way that comes.

Three ways: it ends by itself; somebody wants it stopped or its time is up, so it is
interrupted, waited for and at last killed; or the leg is cancelled, which is the same
and then goes on upwards. Nothing of it runs when `run` is left.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from stackyard_worker import beneath
from stackyard_worker.errors import LegFailedError, LegStoppedError
from stackyard_worker.host import Limits
from stackyard_worker.log import RunLog
from stackyard_worker.sandbox import Driver, Running, start
from stackyard_worker.shell import (
    DUMP,
    RESULT,
    SCRIPT,
    Result,
    Step,
    parse_result,
    script,
)

_SECONDS_OF_REST: Final = 5.0


@dataclass(frozen=True, slots=True)
class Ran:
    """How a session ended. `dump` is its environment, if it lived to tell."""

    steps: Sequence[Step]
    code: int
    result: Result | None
    dump: bytes | None

    @property
    def failure(self) -> str | None:
        """Say what went wrong; None: every step was taken and ended well."""
        if self.result is None:
            return f"The shell was ended from within or killed (exit code {self.code})."
        if self.result.step < 0:
            return f"The shell could not begin (exit code {self.result.code})."
        if self.result.step >= len(self.steps) and self.code == 0:
            return None
        name = self.steps[min(self.result.step, len(self.steps) - 1)].name
        if self.result.code == 0:
            return f"{name} ended the shell before the phase was through."
        return f"{name} failed with exit code {self.result.code}."


@dataclass(slots=True)
class Sessions:
    """The sandbox of one leg, entered for one session after the other."""

    driver: Driver
    log: RunLog
    limits: Limits

    async def run(
        self,
        steps: Sequence[Step],
        environment: Mapping[str, str],
        folder: str,
        *,
        stop: asyncio.Event | None = None,
        seconds: float | None = None,
    ) -> Ran:
        """Take the steps in one shell in *folder*, its output going to the log."""
        room, control = self.driver.room, self.driver.control
        for name in (SCRIPT, DUMP, RESULT):
            self._forget(name)
        text = script(environment, folder, steps, control)
        beneath.write(room.control, SCRIPT, text, mode=0o400, owner=room.owner)
        running = await start(self.driver, SCRIPT)
        try:
            code = await self._carry_out(running, stop, seconds)
        finally:
            await running.close()
            self.log.flush()
            self._forget(SCRIPT)
            room.pid_file.unlink(missing_ok=True)
        return Ran(
            steps=steps,
            code=code,
            result=parse_result(beneath.read_bounded(room.control, RESULT, 64)),
            dump=beneath.read_bounded(
                room.control, DUMP, self.limits.environment_bytes
            ),
        )

    def read(self, name: str) -> bytes | None:
        """Return what a session left in its control folder, within bounds."""
        return beneath.read_bounded(
            self.driver.room.control, name, self.limits.json_bytes
        )

    async def _carry_out(
        self, running: Running, stop: asyncio.Event | None, seconds: float | None
    ) -> int:
        output = asyncio.create_task(self._copy(running))
        end = asyncio.create_task(running.end())
        try:
            await self._wait(running, end, stop, seconds)
        finally:
            if not end.done():
                running.kill()
            # what was printed on the way out belongs into the log as well
            await asyncio.wait({output, end}, timeout=_SECONDS_OF_REST)
            output.cancel()
            end.cancel()
        if output.done():
            output.result()
        return end.result()

    async def _wait(
        self,
        running: Running,
        end: asyncio.Task[int],
        stop: asyncio.Event | None,
        seconds: float | None,
    ) -> None:
        wish = asyncio.create_task((stop or asyncio.Event()).wait())
        try:
            await asyncio.wait(
                {end, wish}, timeout=seconds, return_when="FIRST_COMPLETED"
            )
            if end.done():
                return
            stopped = wish.done()
            await self._interrupt(running, end)
        except asyncio.CancelledError:
            await self._interrupt(running, end)
            raise
        finally:
            wish.cancel()
        if stopped:
            raise LegStoppedError
        raise LegFailedError(f"A command did not end within {seconds:g} seconds.")

    async def _interrupt(self, running: Running, end: asyncio.Task[int]) -> None:
        self.log.say("Interrupting what runs.")
        running.interrupt()
        await asyncio.wait({end}, timeout=self.limits.grace_seconds)
        if not end.done():
            self.log.say("It did not end in time and is killed.")
            running.kill()
            await asyncio.wait({end}, timeout=_SECONDS_OF_REST)

    async def _copy(self, running: Running) -> None:
        try:
            while data := await running.read():
                self.log.output(data)
        except Exception:
            running.kill()  # with nobody to read, it would wait for ever
            raise

    def _forget(self, name: str) -> None:
        with suppress(FileNotFoundError, IsADirectoryError, PermissionError):
            (self.driver.room.control / name).unlink()
