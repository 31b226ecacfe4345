"""How much waits in the queue, shown to whoever collects metrics.

One bounded query per interval, on the drain's pool and off the path of messages: its
cost is in `docs/howto/watch-the-queue.md`. What could not be read is not shown: an old
number would look like a queue that stands still.
"""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol, Self

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.adapters.queue.traffic import TOTAL, VISIBLE
from stackyard.adapters.queue.upkeep import QueueUpkeep
from stackyard.kernel.metrics import Gauge, Metrics

log = structlog.get_logger()

LOOK_SECONDS: Final = 5.0


class Readable(Protocol):
    """The database, or a replica of it, which is a little behind."""

    def transaction(self) -> AbstractAsyncContextManager[AsyncSession]: ...


@dataclass(slots=True)
class DepthGauges:
    """Reads of several drains are of one and the same table: do not add them up."""

    database: Readable
    total: Gauge
    visible: Gauge
    interval_seconds: float
    _failing: bool = False

    @classmethod
    def of(cls, database: Readable, metrics: Metrics) -> Self | None:
        """Return nothing where nobody looks at gauges."""
        seconds = metrics.interval_seconds
        if seconds is None:
            return None
        return cls(database, metrics.gauge(TOTAL), metrics.gauge(VISIBLE), seconds)

    async def run(self) -> None:
        """Read until cancelled, and outlive every outage of the database."""
        try:
            while True:
                await self._read_or_hide()
                await asyncio.sleep(self.interval_seconds)
        finally:
            self._hide()

    async def _read_or_hide(self) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self.read()
        except Exception as error:  # noqa: BLE001 - no gauge is worth a drain
            self._hide()
            if not self._failing:  # once per outage
                log.warning("queue.depth_unknown", reason=type(error).__name__)
            self._failing = True
        else:
            self._failing = False

    async def read(self) -> None:
        async with self.database.transaction() as session:
            depths = await QueueUpkeep(session).depths()
        self.total.show({queue: depth.total for queue, depth in depths.items()})
        self.visible.show({queue: depth.visible for queue, depth in depths.items()})

    def _hide(self) -> None:
        self.total.show({})
        self.visible.show({})
