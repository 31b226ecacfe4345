"""Deliver what a former life of the launcher owed, and say which legs it lost.

A leg is never carried on: its processes are ended first, then it is either reported
as it had ended, or as lost.
"""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import structlog

from stackyard_protocol.report import Lost
from stackyard_worker.control_plane import RefusedError
from stackyard_worker.conversation import LetGoError
from stackyard_worker.dialogue import Dialogue
from stackyard_worker.journal import Journal, LegJournal, remove_folder
from stackyard_worker.log_upload import uploading
from stackyard_worker.processes import kill_leftovers

log = structlog.get_logger()

NOTE: Final = "The worker was stopped and started again"  # … while the run was X
RETENTION_SECONDS: Final = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Recovery:
    journal: Journal
    client: httpx.AsyncClient
    retention_seconds: float = RETENTION_SECONDS
    least_seconds: float = 60  # however old a leg is, it gets one more chance

    def begin(self) -> "list[asyncio.Task[None]]":
        """End what still runs of a former life, at once; deliver beside our work."""
        found = [self._reopen(folder) for folder in self.journal.former()]
        legs = [leg for leg in found if leg is not None]
        for leg in legs:
            leg.kill_leftovers()
        return [asyncio.create_task(self._deliver(leg)) for leg in legs]

    def _reopen(self, folder: Path) -> LegJournal | None:
        try:
            return LegJournal.reopen(folder)
        except (OSError, ValueError) as problem:
            log.warning("journal.unreadable", leg=folder.name, problem=repr(problem))
        # It died before it had a journal, or somebody may want to look at it.
        kill_leftovers(folder)
        if not (folder / "journal").exists() or self._time_left(folder) <= 0:
            remove_folder(folder)
        return None

    async def _deliver(self, leg: LegJournal) -> None:
        if not leg.answered:
            # Never begun: the control plane undoes the claim, or misses the worker.
            await leg.remove()
            return
        try:
            async with asyncio.timeout(self._patience(leg.folder)):
                await self._tell(leg)
        except TimeoutError:
            log.error(  # noqa: TRY400 - there is nothing more to know
                "leg.given_up", leg=leg.record.leg, run=leg.record.run
            )
            if leg.errored_state.is_file():
                self.journal.keep_state(leg)
        await leg.remove()

    async def _tell(self, leg: LegJournal) -> None:
        dialogue = Dialogue.of(self.journal, leg, self.client)
        async with uploading(dialogue.upload):
            try:
                if dialogue.is_ended:
                    await dialogue.say_the_rest()
                else:
                    log.warning("leg.lost", leg=leg.record.leg, run=leg.record.run)
                    await dialogue.report(Lost(NOTE))
            except (LetGoError, RefusedError) as problem:
                log.info("leg.not_ours", leg=leg.record.leg, problem=repr(problem))
            await dialogue.deliver_state()

    def _patience(self, folder: Path) -> float:
        return max(self.least_seconds, self._time_left(folder))

    def _time_left(self, folder: Path) -> float:
        return self.retention_seconds - (time.time() - folder.stat().st_mtime)
