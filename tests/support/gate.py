"""Phases that a test opens and closes."""

import asyncio
from pathlib import Path

from stackyard_protocol.job import Job
from stackyard_protocol.report import Ended, Entered
from stackyard_worker.conversation import Conversation, LetGoError
from tests.support.mosquitto import eventually


class Gate:
    """Phases that wait in PLANNING until the test lets them go on."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.inside: list[str] = []
        self.cancelled = False
        self.let_go = False

    async def __call__(
        self, job: Job, talk: Conversation, folder: Path, host: None
    ) -> None:
        await talk.report(Entered("PLANNING"))
        self.inside.append(job.leg)
        opened = asyncio.create_task(self.open.wait())
        stopped = asyncio.create_task(talk.stop.wait())
        try:
            await asyncio.wait({opened, stopped}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        finally:
            opened.cancel()
            stopped.cancel()
        try:
            await talk.report(Ended("STOPPED" if talk.stop.is_set() else "FINISHED"))
        except LetGoError:
            self.let_go = True
            raise

    async def until_inside(self, count: int = 1) -> None:
        await eventually(lambda: len(self.inside) == count, "the phases")
