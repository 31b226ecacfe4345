"""The launcher: slots, a line to the broker, and leaving in good order."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, Generic

import structlog
from ulid import ULID

from stackyard_protocol.mqtt import (
    Ping,
    RunAssigned,
    SelfDestruct,
    StopRun,
    ToWorker,
)
from stackyard_worker.held_leg import H, Workshop
from stackyard_worker.link import Broker, Link
from stackyard_worker.recovery import Recovery
from stackyard_worker.slot import Slot

log = structlog.get_logger()

DELIVERY_SECONDS: Final = 10.0  # what is not delivered by then, the next life delivers
CUT_NOTE: Final = "The run was stopped because its worker was shut down."


class Leaving(IntEnum):
    """How much of a hurry there is to go. It only grows."""

    NO = 0
    WHEN_DONE = 1  # legs in hand are finished
    NOW = 2  # legs in hand are cut and reported
    AT_ONCE = 3  # the journal has it; the next life says it


@dataclass(frozen=True, slots=True)
class LineSettings:
    version: str
    metadata: dict[str, str] = field(default_factory=dict)
    heartbeat_seconds: float = 3.0


@dataclass
class Launcher(Generic[H]):
    shop: Workshop[H]
    slots: list[Slot[H]]
    link: Link = field(init=False)
    grace_seconds: float | None = None
    _hurry: Leaving = Leaving.NO
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def build(
        cls,
        shop: Workshop[H],
        broker: Broker,
        line: LineSettings,
        *,
        slots: int = 1,
        grace_seconds: float | None = None,
    ) -> "Launcher[H]":
        launcher = cls(
            shop,
            [Slot(str(ULID()), shop) for _ in range(slots)],
            grace_seconds=grace_seconds,
        )
        launcher.link = Link(
            broker, launcher, line.version, line.metadata, line.heartbeat_seconds
        )
        return launcher

    async def run(self) -> None:
        """Work until told to leave. Returns when nothing is in hand any more."""
        former = Recovery(self.shop.journal, self.shop.client).begin()
        line = asyncio.create_task(self.link.run(), name="link")
        line.add_done_callback(self._line_ended)
        try:
            await self._until(Leaving.WHEN_DONE)
            await self._leave(former)
        finally:
            for task in (line, *former):
                task.cancel()
            await asyncio.wait({line, *former})
        if not line.cancelled():
            line.result()  # a mistake of ours ended it: the process is to fail

    def leave(self) -> None:
        """Finish what is in hand, then go. Said again: now. And again: at once."""
        self._hurry_up(Leaving(min(self._hurry + 1, Leaving.AT_ONCE)))

    def on_duty(self) -> Mapping[str, Sequence[str]]:
        return {slot.worker: slot.legs for slot in self.slots if not slot.off_duty}

    def hear(self, worker: str, message: ToWorker) -> None:
        slot = next(one for one in self.slots if one.worker == worker)
        match message:
            case RunAssigned():
                self._assign(slot, message)
            case StopRun():
                log.info("leg.stop_wanted", leg=message.leg)
                slot.stop(message.leg)
            case SelfDestruct():
                log.info("launcher.cycled", worker=worker)
                self._hurry_up(Leaving.WHEN_DONE)
            case Ping():
                pass  # the line has registered the worker again

    def _assign(self, slot: Slot[H], assigned: RunAssigned) -> None:
        known = any(one.knows(assigned.leg) for one in self.slots)
        if known or self._hurry is not Leaving.NO:
            log.info("leg.ignored", leg=assigned.leg, known=known)
        else:
            slot.assign(assigned)

    async def _leave(self, former: "list[asyncio.Task[None]]") -> None:
        log.info("launcher.leaving")
        for slot in self.slots:
            slot.refuse_more()
        if not await self._first(self._sign_off(), Leaving.NOW, self._patience()):
            log.warning("launcher.cutting")
            self._hurry_up(Leaving.NOW)
            for slot in self.slots:
                slot.cut(CUT_NOTE)
            limit = self.shop.limits.cleanup + DELIVERY_SECONDS
            await self._first(self._sign_off(), Leaving.AT_ONCE, limit)
        await self._first(self._delivered(former), Leaving.AT_ONCE, DELIVERY_SECONDS)
        for slot in self.slots:
            await slot.abandon()
        log.info("launcher.left")

    async def _sign_off(self) -> None:
        """Each worker says that it is gone as soon as its slot is free."""
        async with asyncio.TaskGroup() as all_of_them:
            for slot in self.slots:
                all_of_them.create_task(self._sign_off_one(slot))

    async def _sign_off_one(self, slot: Slot[H]) -> None:
        await slot.until_free()
        if not slot.off_duty:
            slot.off_duty = True
            await self.link.leave(slot.worker)

    async def _delivered(self, former: "list[asyncio.Task[None]]") -> None:
        for slot in self.slots:
            await slot.until_delivered()
        if former:
            await asyncio.wait(former)

    def _patience(self) -> float:
        longest = self.shop.limits.run + self.shop.limits.cleanup
        grace = longest if self.grace_seconds is None else self.grace_seconds
        return min(grace, longest)

    def _hurry_up(self, hurry: Leaving) -> None:
        if hurry > self._hurry:
            self._hurry = hurry
            self._changed.set()

    async def _until(self, hurry: Leaving) -> None:
        while self._hurry < hurry:
            self._changed.clear()
            await self._changed.wait()

    async def _first(
        self, work: Awaitable[object], hurry: Leaving, seconds: float
    ) -> bool:
        """Wait for *work*, but no longer than this, nor when there is more of a hurry.

        Work that is not done is cancelled, and the answer is False.
        """
        task = asyncio.ensure_future(work)
        waiter = asyncio.ensure_future(self._until(hurry))
        either: set[asyncio.Future[Any]] = {task, waiter}
        await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        done = task.done()
        for one in either:
            one.cancel()
        await asyncio.wait(either)
        return done

    def _line_ended(self, line: "asyncio.Task[None]") -> None:
        """The line is to stay up for ever: without it, going is all that is left."""
        if not line.cancelled() and (problem := line.exception()) is not None:
            log.critical("link.broken", exc_info=problem)
            self._hurry_up(Leaving.WHEN_DONE)
