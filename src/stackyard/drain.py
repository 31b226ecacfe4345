"""The consumer: takes messages off the queues and hands them to whoever reacts.

Each queue is a lane with its own bounds, so that what is slow does not hold up what is
quick. A message is hidden for a few seconds only and kept hidden by a heartbeat: what a
killed drain had in hand comes back that soon. It outlives every outage of what it
depends on. It knows nothing of what messages mean.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from random import SystemRandom
from typing import Final, TypeAlias

import structlog

from stackyard.choreography import Outcome, Verdict
from stackyard.kernel.errors import StackyardError
from stackyard.kernel.queue import Message, Queue, Source

log = structlog.get_logger()
_random = SystemRandom()

Handler: TypeAlias = Callable[[Message], Awaitable[Outcome]]

DEFAULT_TIMEOUT: Final = 900.0  # MESSAGE_PROCESSING_TIMEOUT_SECONDS
CALL_SECONDS: Final = 60.0  # the longest that a call to the queue may take
LONGEST_PAUSE: Final = 5.0
STUBBORN_SECONDS: Final = 5.0  # what a handler has that was cancelled


@dataclass(frozen=True, slots=True)
class Lane:
    """How one queue is consumed. *concurrency* is DRAIN_CONCURRENCY_…

    In a FIFO queue that is how many groups go side by side.
    """

    handle: Handler
    concurrency: int = 1
    visibility_seconds: float = 10
    timeout_seconds: float = DEFAULT_TIMEOUT


@dataclass(slots=True)
class Drain:
    """*grace_seconds* is what running handlers have to finish after a stop."""

    source: Source
    lanes: Mapping[Queue, Lane]
    grace_seconds: float = 20

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until *stop* is set; then return with nothing left in hand."""
        async with asyncio.TaskGroup() as group:
            for queue, lane in self.lanes.items():
                consumer = _Consumer(self.source, queue, lane, self.grace_seconds)
                group.create_task(consumer.run(stop), name=f"drain/{queue}")


@dataclass(slots=True)
class _Consumer:
    source: Source
    queue: Queue
    lane: Lane
    grace_seconds: float
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    _failures: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await self._step(stopped)
        finally:
            stopped.cancel()
            await self._finish()

    async def _step(self, stopped: asyncio.Task[bool]) -> None:
        free = self.lane.concurrency - len(self._running)
        if not free:
            await self._first_of(stopped, *self._running)
            return
        try:
            if await self._receive(free, stopped) == 0:
                await self._idle(stopped)
        except Exception as error:  # noqa: BLE001 - whatever it is: pause, try again
            await self._pause(error, stopped)
        else:
            self._failures = 0

    async def _receive(self, free: int, stopped: asyncio.Task[bool]) -> int:
        async with asyncio.timeout(CALL_SECONDS):
            messages = await self.source.receive(
                self.queue,
                limit=free,
                visibility_seconds=self.lane.visibility_seconds,
            )
        for message in messages:
            if stopped.done():  # it came while we were already leaving
                await self._settle(message, Outcome(Verdict.RETRY))
                continue
            task = asyncio.create_task(self._carry(message))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(messages)

    async def _idle(self, stopped: asyncio.Task[bool]) -> None:
        """Wait for a message, for the end, or for the end of a group's message."""
        waiting = asyncio.create_task(self.source.wait(self.queue))
        try:
            await self._first_of(stopped, waiting, *self._running)
        finally:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        if not waiting.cancelled() and (error := waiting.exception()):
            raise error

    async def _pause(self, error: Exception, stopped: asyncio.Task[bool]) -> None:
        """Wait a little longer each time, and not all at the same time."""
        if self._failures == 0:  # once per outage
            reason = type(error).__name__
            facts = error.facts if isinstance(error, StackyardError) else {}
            log.warning(
                "drain.cannot_receive", reason=reason, **{"queue": self.queue} | facts
            )
        pause = min(LONGEST_PAUSE, 0.1 * 2.0 ** min(self._failures, 10))
        self._failures += 1
        await asyncio.wait([stopped], timeout=pause * _random.uniform(0.5, 1.5))

    @staticmethod
    async def _first_of(*tasks: asyncio.Task[bool] | asyncio.Task[None]) -> None:
        await asyncio.wait(
            tasks, timeout=CALL_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )

    async def _finish(self) -> None:
        """Let what runs come to its end, and what doesn't be given back."""
        if not self._running:
            return
        running = set(self._running)
        _, late = await asyncio.wait(running, timeout=self.grace_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _carry(self, message: Message) -> None:
        handling = asyncio.create_task(self._handle(message))
        beating = asyncio.create_task(self._beat(message))
        try:
            await asyncio.wait([handling, beating], return_when=asyncio.FIRST_COMPLETED)
        finally:  # done; or somebody else has the message; or we are told to leave
            finished, lost = handling.done(), beating.done()
            beating.cancel()
            handling.cancel()
            await asyncio.wait([handling, beating], timeout=STUBBORN_SECONDS)
            if finished:
                await self._settle(message, _outcome_of(handling))
            elif lost:
                log.warning("message.lost", queue=self.queue, message=message.id)
            else:
                await self._settle(message, Outcome(Verdict.RETRY))

    async def _handle(self, message: Message) -> Outcome:
        limit = asyncio.timeout(self.lane.timeout_seconds)
        try:
            async with limit:
                return await self.lane.handle(message)
        except Exception:
            facts = {"queue": self.queue, "message": message.id}
            if limit.expired():
                log.exception("message.timed_out", **facts)
                return Outcome(Verdict.FAILED, reason="timed out")
            log.exception("message.broke_its_handler", **facts)
            return Outcome(Verdict.FAILED)

    async def _beat(self, message: Message) -> None:
        """Keep the message ours; return when it is not."""
        seconds = self.lane.visibility_seconds
        good = True
        while good:
            await asyncio.sleep(seconds * 0.3)
            with contextlib.suppress(Exception):  # the next beat may get through
                async with asyncio.timeout(seconds):
                    good = await self.source.extend(message, visibility_seconds=seconds)

    async def _settle(self, message: Message, outcome: Outcome) -> None:
        """Tell the queue; while it does not answer, for as long as it may matter."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.lane.visibility_seconds):
                told = await self._tell(message, outcome)
                while not told:
                    await asyncio.sleep(_random.uniform(0.1, 0.5))
                    told = await self._tell(message, outcome)

    async def _tell(self, message: Message, outcome: Outcome) -> bool:
        try:
            match outcome.verdict:
                case Verdict.DONE:
                    await self.source.acknowledge(message)
                case Verdict.RETRY:
                    await self.source.give_back(
                        message, delay_seconds=outcome.delay_seconds
                    )
                case Verdict.BURY:
                    await self.source.bury(message, reason=outcome.reason)
                case Verdict.FAILED if outcome.reason:  # at once; and it counts
                    await self.source.extend(message, visibility_seconds=0)
                case Verdict.FAILED:
                    pass  # it comes back when its time is up, and that counts
        except Exception:  # noqa: BLE001 - if it stays so, the message comes back
            return False
        return True


def _outcome_of(handling: asyncio.Task[Outcome]) -> Outcome:
    return Outcome(Verdict.FAILED) if handling.cancelled() else handling.result()
