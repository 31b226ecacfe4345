"""The clock of the platform: says *when*, and has nothing done itself.

Every replica sends every tick under the tick's own name, and the queue takes the same
name once; so there is no leader to elect, and none to lose. A tick is a moment that
is the same for all: the number of periods since 1970.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from random import SystemRandom
from typing import Final, TypeAlias

import structlog

from stackyard.kernel.clock import Clock
from stackyard.kernel.queue import Queue, Sender

log = structlog.get_logger()
_random = SystemRandom()

OpenSender: TypeAlias = Callable[[], AbstractAsyncContextManager[Sender]]

# Less than the queue remembers a name for. A tick that is later than this (nobody was
# there to send it) is left out: the next one does the same.
LATEST_SECONDS: Final = 240.0
SEND_SECONDS: Final = 30.0
LONGEST_PAUSE: Final = 5.0


@dataclass(slots=True)
class Scheduler:
    """*ticks* is how many seconds lie between two ticks of each name."""

    open_sender: OpenSender
    ticks: Mapping[str, float]
    clock: Clock
    _sent: dict[str, int] = field(default_factory=dict)
    _failures: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Send what is due, until *stop* is set; outlive every outage of the queue."""
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await asyncio.wait([stopped], timeout=await self._send_or_pause())
        finally:
            stopped.cancel()

    async def send_due(self) -> None:
        """Send the present tick of each name, unless this replica already has."""
        now = self.clock().timestamp()
        for name, seconds in self.ticks.items():
            number = int(now // seconds)
            late = now - number * seconds > LATEST_SECONDS
            if late or self._sent.get(name, -1) >= number:
                continue
            async with asyncio.timeout(SEND_SECONDS), self.open_sender() as sender:
                await sender.send(
                    Queue.CRONJOBS,
                    {"tick": name, "number": number},
                    deduplication=f"{name}:{number}",
                )
            self._sent[name] = number

    async def _send_or_pause(self) -> float:
        """Return how long nothing is to be done."""
        try:
            await self.send_due()
        except Exception as error:  # noqa: BLE001 - whatever it is: pause, try again
            if self._failures == 0:  # once per outage
                log.warning("scheduler.cannot_send", reason=type(error).__name__)
            pause = min(LONGEST_PAUSE, 0.2 * 2.0 ** min(self._failures, 10))
            self._failures += 1
            return pause * _random.uniform(0.5, 1.5)
        self._failures = 0
        return self._until_next()

    def _until_next(self) -> float:
        now = self.clock().timestamp()
        waits: list[float] = [
            seconds - now % seconds for seconds in self.ticks.values()
        ]
        # a clock that is set must not make us oversleep
        return min([LATEST_SECONDS / 4, *waits])
