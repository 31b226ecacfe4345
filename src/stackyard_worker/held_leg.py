"""One leg in a launcher's hands: fetch, accept, carry out, deliver, tidy up."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

import httpx
import structlog

from stackyard_protocol.job import Job
from stackyard_protocol.mqtt import RunAssigned
from stackyard_protocol.report import Accepted
from stackyard_worker.control_plane import RefusedError
from stackyard_worker.conversation import Conversation, LetGoError
from stackyard_worker.dialogue import Dialogue
from stackyard_worker.echo import Echo
from stackyard_worker.fetch import JobFetcher, NoJobError
from stackyard_worker.journal import Journal
from stackyard_worker.log_upload import uploading
from stackyard_worker.supervision import Limits, Supervision

log = structlog.get_logger()

H = TypeVar("H")
CarryOut: TypeAlias = Callable[[Job, Conversation, Path, H], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Workshop(Generic[H]):
    """What every leg of a launcher shares. `host` is the phases' own affair."""

    journal: Journal
    client: httpx.AsyncClient
    fetcher: JobFetcher
    carry_out: CarryOut[H]
    host: H
    limits: Limits = field(default_factory=Limits)
    echo: bool = False


@dataclass
class HeldLeg(Generic[H]):
    """A leg from the moment it is assigned until nothing of it is left here.

    The slot is free again when `freed` is set; the log may still be on its way.
    """

    assigned: RunAssigned
    shop: Workshop[H]
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    accepting: bool = False  # from here on it is ours to report
    _supervision: Supervision | None = None
    _cut: str | None = None

    @property
    def is_ending(self) -> bool:
        """The last report is on its way: the slot will be free in a moment."""
        return self._supervision is not None and self._supervision.dialogue.is_ended

    def cut(self, note: str) -> None:
        """End it now; what was reported stays true."""
        self._cut = note
        if self._supervision is not None:
            self._supervision.cut(note)

    async def live(self) -> None:
        try:
            job = await self.shop.fetcher.fetch(self.assigned)
        except NoJobError as reason:
            log.warning("leg.not_taken", leg=self.assigned.leg, reason=str(reason))
            self.freed.set()
            return
        except BaseException:  # cancelled for another leg: nothing was begun
            self.freed.set()
            raise
        try:
            await self._take(job)
        finally:
            self.freed.set()

    async def _take(self, job: Job) -> None:
        shop = self.shop
        self.accepting = True
        try:
            leg = await shop.journal.begin(job)
        except OSError as error:
            log.error(  # noqa: TRY400 - the number says it all
                "leg.not_taken", leg=job.leg, errno=error.errno
            )
            return
        dialogue = Dialogue.of(shop.journal, leg, shop.client)
        dialogue.stop, dialogue.over = self.stop, self.freed
        if shop.echo:
            dialogue.echo = Echo(job.run, job.stack)
        try:
            await dialogue.report(Accepted())
        except (LetGoError, RefusedError):
            log.warning("leg.not_ours", leg=job.leg)
            await leg.remove()
            return
        log.info("leg.accepted", leg=job.leg, run=job.run)
        async with uploading(dialogue.upload):
            await self._carry_out(job, dialogue)
        await leg.remove()
        log.info("leg.delivered", leg=job.leg, run=job.run)

    async def _carry_out(self, job: Job, dialogue: Dialogue) -> None:
        shop, folder = self.shop, dialogue.leg.folder

        async def phases(job: Job, dialogue: Dialogue) -> None:
            await shop.carry_out(job, dialogue, folder, shop.host)

        self._supervision = Supervision(job, dialogue, shop.limits, phases)
        if self._cut is not None:
            self._supervision.cut(self._cut)
        try:
            await self._supervision.run()
        finally:
            dialogue.leg.kill_leftovers()
        await dialogue.deliver_state()  # of a leg that we were told to let go of
        self.freed.set()
        if dialogue.echo is not None:
            dialogue.echo.flush()
