"""Bring one leg's log to the control plane, beside everything else it does.

States in their order, chunks in theirs. Nobody waits for this but the one who tidies
up, and nothing that goes wrong here reaches the run.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import structlog

from stackyard_protocol.report import MAX_CHUNK
from stackyard_worker.control_plane import LegLine, RefusedError
from stackyard_worker.conversation import LetGoError
from stackyard_worker.journal import LegJournal
from stackyard_worker.phase_log import PhaseLog

log = structlog.get_logger()

FLUSH_SECONDS: Final = 0.1


@dataclass
class LogUpload:
    journal: LegJournal
    line: LegLine
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _over: bool = False
    _last_seal: float = 0.0

    def wake(self) -> None:
        """There is more to send, or a log was closed."""
        self._news.set()

    def finish(self) -> None:
        """Nothing will be written any more; `run` returns when all is delivered."""
        if self.journal.logs:
            self.journal.logs[-1].closed = True
        self._over = True
        self._news.set()

    async def run(self) -> None:
        try:
            while (phase := await self._next()) is not None:
                await self._deliver(phase)
        except LetGoError:
            log.warning("log.unwanted", leg=self.journal.record.leg)

    async def _next(self) -> PhaseLog | None:
        """Return the first log that is not delivered, when there is one."""
        while not self.journal.logs:
            if self._over:
                return None
            await self._wait()
        return self.journal.logs[0]

    async def _deliver(self, phase: PhaseLog) -> None:
        try:
            await self._send_all(phase)
        except RefusedError as refusal:
            leg = self.journal.record.leg
            log.error(  # noqa: TRY400 - the status says it all
                "log.refused", leg=leg, version=phase.version, status=refusal.status
            )
            await self._until_closed(phase)
        self.journal.logs.remove(phase)
        phase.forget()

    async def _send_all(self, phase: PhaseLog) -> None:
        # After a restart the last chunk is sent again: the answer says what is missing.
        number = max(0, len(phase.ends) - 1)
        while True:
            if number == len(phase.ends) and not await self._seal(phase):
                if not phase.size:
                    return
                number = await self.line.end_log(phase.version, phase.end())
                if number >= len(phase.ends):
                    return
            body = phase.chunk(number)
            # What we do not have, nobody can ask for.
            expected = await self.line.chunk(phase.version, number, body)
            if expected <= number:
                await asyncio.sleep(FLUSH_SECONDS)  # however often it is asked for
            number = min(expected, len(phase.ends))

    async def _seal(self, phase: PhaseLog) -> bool:
        """Wait for the next chunk; False when the log is closed and all of it sealed.

        The first bytes after a silence go at once, a steady stream every
        `FLUSH_SECONDS`, a flood as fast as chunks fill.
        """
        while not phase.unsealed:
            if phase.closed:
                return False
            await self._wait()
        now = asyncio.get_running_loop().time
        wait = self._last_seal + FLUSH_SECONDS - now()
        if phase.unsealed < MAX_CHUNK and not phase.closed and wait > 0:
            await asyncio.sleep(wait)
        phase.seal()
        self._last_seal = now()
        return True

    async def _until_closed(self, phase: PhaseLog) -> None:
        while not phase.closed:
            await self._wait()

    async def _wait(self) -> None:
        self._news.clear()
        await self._news.wait()


@asynccontextmanager
async def uploading(upload: LogUpload) -> AsyncIterator[None]:
    """Upload beside the body, and after it until all is delivered.

    A mistake of the uploader is told in our own log: the run does not pay for it.
    """
    task = asyncio.create_task(upload.run())
    try:
        yield
        upload.finish()
        await asyncio.wait({task})
        if (problem := task.exception()) is not None:
            log.error("log.broken", leg=upload.journal.record.leg, exc_info=problem)
    finally:
        task.cancel()
        await asyncio.wait({task})
