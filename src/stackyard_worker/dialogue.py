"""The conversation of one leg with the control plane, through any outage.

Each report is on disk before it is said, and said until it is answered; only then
comes the next. The log goes beside it (`log_upload.py`).
"""

import asyncio
from dataclasses import dataclass, field
from typing import Self

import httpx
import structlog

from stackyard_protocol.report import Answer, Body, Next, Report
from stackyard_worker.control_plane import LegLine, RefusedError
from stackyard_worker.conversation import LetGoError
from stackyard_worker.echo import Echo
from stackyard_worker.journal import Journal, LegJournal, is_final
from stackyard_worker.log_upload import LogUpload
from stackyard_worker.phase_log import PhaseLog

log = structlog.get_logger()


@dataclass
class Dialogue:
    """Implements `Conversation`; one event loop, one speaker at a time."""

    journal: Journal
    leg: LegJournal
    line: LegLine
    upload: LogUpload
    echo: Echo | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)  # no slot is held
    heard_at: float = 0.0  # when the phases last wrote or were answered
    reporting: bool = False
    let_go: bool = False
    _version: int = 0
    _phase: PhaseLog | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def of(cls, journal: Journal, leg: LegJournal, client: httpx.AsyncClient) -> Self:
        record = leg.record
        line = LegLine(client, record.api, record.leg, record.token)
        return cls(
            journal, leg, line, LogUpload(leg, line), _version=record.state_version
        )

    @property
    def is_ended(self) -> bool:
        """The last report is on disk: nothing can be added to it."""
        return self.leg.is_ended

    async def report(self, body: Body) -> Answer:
        if self.let_go:
            raise LetGoError
        self.reporting = True
        try:
            printed = self._version if self._phase is not None else None
            report = self.leg.add_report(body, printed=printed)
            await self.leg.sync()
            return await self._say_up_to(report)
        finally:
            self.reporting = False
            self._heard()

    async def say_the_rest(self) -> None:
        """Say what was written down and never answered. Raises `LetGoError`."""
        if self.leg.unanswered is not None:
            await self._say_up_to(self.leg.reports[-1])

    def write(self, masked: bytes) -> None:
        if not masked:
            return
        self._heard()
        if self._phase is None:
            self._phase = self.leg.begin_log(self._version)
        self._phase.write(masked)
        self.upload.wake()
        if self.echo is not None:
            self.echo.write(masked)

    async def upload_url(self) -> str:
        self.reporting = True
        try:
            return await self.line.upload_url()
        except LetGoError:
            self._drop()
            raise
        finally:
            self.reporting = False
            self._heard()

    async def deliver_state(self) -> None:
        """Hand over the state that Terraform could not write, if there is one."""
        path = self.leg.errored_state
        if not path.is_file() or path.is_symlink():
            return
        try:
            await self.line.errored_state(path)
        except (LetGoError, RefusedError) as problem:
            kept = self.journal.keep_state(self.leg)
            log.error(  # noqa: TRY400 - the path is what matters
                "state.undeliverable",
                leg=self.leg.record.leg,
                run=self.leg.record.run,
                problem=type(problem).__name__,
                kept_in=str(kept),
            )
        else:
            path.unlink()
            log.info("state.rescued", leg=self.leg.record.leg)

    async def _say_up_to(self, last: Report) -> Answer:
        """Say every report that has no answer, in order; return the answer to *last*.

        A report that was interrupted is said first: the answer is the same as then.
        """
        async with self._turn:
            while (report := self.leg.unanswered) is not None:
                final = is_final(report.body)
                if final:
                    await self.deliver_state()
                try:
                    answer = await self._say(report)
                except RefusedError:
                    if report is last:
                        raise
                    continue
                self._take(answer, final=final)
                if report is last:
                    return answer
        raise LetGoError  # said already, and we were told to let go of it

    async def _say(self, report: Report) -> Answer:
        try:
            answer = await self.line.report(report)
        except LetGoError:
            self._drop()
            raise
        except RefusedError:
            self.leg.add_answer(report, None)
            if is_final(report.body):
                self._drop()
            raise
        self.leg.add_answer(report, answer)
        return answer

    def _take(self, answer: Answer, *, final: bool) -> None:
        if final:
            self.over.set()
        elif answer.next is Next.LET_GO:
            self._drop()
            raise LetGoError
        if answer.next is Next.STOP:
            self.stop.set()
        if answer.state_version != self._version:
            self._version, self._phase = answer.state_version, None
            if self.leg.logs:
                self.leg.logs[-1].closed = True
            self.upload.wake()

    def _drop(self) -> None:
        self.let_go = True
        self.over.set()

    def _heard(self) -> None:
        self.heard_at = asyncio.get_running_loop().time()
