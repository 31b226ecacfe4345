"""What one client publishes, handled one after the other, in its order.

The acknowledgement is the handler's receipt: it is written after the handler returned,
and never if it failed. Then the connection ends, and the client repeats on the next.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import structlog

from stackyard.adapters.mqtt.packets import Publish
from stackyard.kernel.ids import WorkerId

log = structlog.get_logger()

_MOST_BYTES = 1024 * 1024

Handle: TypeAlias = Callable[[WorkerId, bytes], Awaitable[None]]


@dataclass(slots=True)
class Inflow:
    handle: Handle
    handled: Callable[[Publish], None]
    failed: Callable[[], None]
    most: int
    seconds: float
    _queue: deque[tuple[WorkerId, Publish]] = field(default_factory=deque)
    _bytes: int = 0
    _task: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        return len(self._queue) >= self.most or self._bytes >= _MOST_BYTES

    @property
    def task(self) -> asyncio.Task[None] | None:
        return self._task

    def add(self, worker_id: WorkerId, message: Publish) -> None:
        self._queue.append((worker_id, message))
        self._bytes += len(message.payload)
        if self._task is None:
            self._task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        """Handle what is there; go on even if the client has hung up meanwhile.

        A message without acknowledgement (QoS 0) is never repeated, and one with it
        may well be handled twice.
        """
        try:
            while self._queue:
                worker_id, message = self._queue[0]
                async with asyncio.timeout(self.seconds):
                    await self.handle(worker_id, message.payload)
                self._queue.popleft()
                self._bytes -= len(message.payload)
                self.handled(message)
        except Exception as error:  # noqa: BLE001 - whatever it was, the client repeats
            log.warning("broker.message_not_taken", error=type(error).__name__)
            self._queue.clear()
            self._bytes = 0
            self.failed()
        finally:
            self._task = None
