"""What keeps the queue's tables small, and what an operator wants to know of them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, or_, text
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import statements
from stackyard.adapters.queue.receiver import RETENTION_SECONDS
from stackyard.adapters.queue.tables import QueueDeduplication, QueueMessage
from stackyard.kernel.queue import DEAD, Queue

DEAD_LETTER_RETENTION: Final = timedelta(days=14)
WORTH_IT: Final = 20_000  # dead rows; some ten megabytes
COUNTED_TO: Final = 100_000
_NOW: Final = func.clock_timestamp()
_DEAD: Final = text(
    "SELECT relname, n_dead_tup FROM pg_stat_user_tables WHERE relname IN"
    " ('message_queue_messages', 'message_queue_deduplications')"
)


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
        await self.session.execute(statements.BY_INDEX_ONLY, {"local": True})
        rows = await self.session.execute(
            statements.DEPTHS, {"queues": list(Queue), "most": COUNTED_TO}
        )
        return {
            Queue(row.queue): Depth(row.visible + row.hidden, row.visible)
            for row in rows
        }


@dataclass(frozen=True, slots=True)
class QueueVacuum:
    """Gives back the room of messages that have passed through.

    The server does so by itself, but once a minute: under load that is a million rows,
    and a table once grown stays grown. Two drains at once do no harm: the second one
    passes over a table that the first one works on.
    """

    database: Database

    async def run(self, *, worth_it: int = WORTH_IT) -> list[str]:
        """Return the tables that were cleaned."""
        async with self.database.statements() as connection:
            rows = (await connection.execute(_DEAD)).all()
            tables = [row.relname for row in rows if row.n_dead_tup >= worth_it]
            for table in tables:
                # TRUNCATE off: it would lock out everybody for a moment
                options = "SKIP_LOCKED, TRUNCATE false"
                await connection.execute(text(f"VACUUM ({options}) {table}"))
        return tables
