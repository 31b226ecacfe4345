"""What keeps the queue's tables small, and what an operator wants to know of them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, or_
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.adapters.queue import statements
from stackyard.adapters.queue.receiver import RETENTION_SECONDS
from stackyard.adapters.queue.tables import QueueDeduplication, QueueMessage
from stackyard.kernel.queue import DEAD, Queue

DEAD_LETTER_RETENTION: Final = timedelta(days=14)
COUNTED_TO: Final = 100_000
_NOW: Final = func.clock_timestamp()


@dataclass(frozen=True, slots=True)
class Depth:
    """`visible` messages are not hidden; the rest of *total* is in flight or delayed.

    Neither part is counted further than `COUNTED_TO`: that stands for "or more".
    """

    total: int
    visible: int


@dataclass(frozen=True, slots=True)
class QueueUpkeep:
    session: AsyncSession

    async def sweep(self) -> None:
        """Forget expired ids, old dead letters, and ticks that nobody handled."""
        await self.session.execute(
            delete(QueueDeduplication).where(QueueDeduplication.expires_at <= _NOW)
        )
        expired = [
            (QueueMessage.queue == queue)
            & (QueueMessage.sent_at < _NOW - timedelta(seconds=seconds))
            for queue, seconds in RETENTION_SECONDS.items()
        ]
        buried = QueueMessage.queue.in_(DEAD) & (
            QueueMessage.dead_at < _NOW - DEAD_LETTER_RETENTION
        )
        await self.session.execute(delete(QueueMessage).where(or_(buried, *expired)))

    async def depths(self) -> dict[Queue, Depth]:
        """Return how much waits in every queue, as far as it is counted."""
        await self.session.execute(statements.BY_INDEX_ONLY)
        rows = await self.session.execute(
            statements.DEPTHS, {"queues": list(Queue), "most": COUNTED_TO}
        )
        return {
            Queue(row.queue): Depth(row.visible + row.hidden, row.visible)
            for row in rows
        }
