"""What nobody could handle, kept where an operator finds it, whoever carried it.

A dead letter of SQS comes here once it was told of: a queue cannot keep what was looked
at. So an operator needs the database only, and one command for both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import statements
from stackyard.adapters.queue.sender import DEDUPLICATION_SECONDS
from stackyard.adapters.queue.tables import QueueMessage
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.queue import DEAD, Message, Queue

# The columns of a message that was never received; the rest have defaults.
_KEEP: Final = text(
    """
    INSERT INTO message_queue_messages (queue, message_group, body, visible_at,
        due_at, dead_from, dead_reason, dead_at)
    VALUES (:queue, :message_group, :body, '9999-01-01+00', '9999-01-01+00',
        :origin, :reason, clock_timestamp())
    """
).bindparams(bindparam("body", type_=JSONB))

# A new row: it stands behind what its group was sent meanwhile, and it has a new id, so
# that a queue outside does not take it for the one that died.
_REPLAY: Final = text(
    f"""
    WITH taken AS (
        DELETE FROM message_queue_messages
        WHERE id = :id AND queue IN ('dlq', 'dlq-fifo') AND dead_from IS NOT NULL
        RETURNING dead_from, message_group, body),
    sent AS (
        INSERT INTO message_queue_messages (queue, message_group, body)
        SELECT dead_from, message_group, body FROM taken
        RETURNING id, queue)
    SELECT id, queue, pg_notify('{statements.CHANNEL}', queue) FROM sent
    """  # noqa: S608 - a constant of ours
)


class DeadLetterUnknownError(NotFoundError):
    """There is no such dead letter, or it does not say which queue it came from."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    id: int
    origin: str | None
    group: str | None
    reason: str | None
    died_at: datetime | None
    body: dict[str, Any]

    @property
    def about(self) -> str:
        """Return the reaction, or the tick, that it was for."""
        return str(self.body.get("reaction") or self.body.get("tick") or "?")


@dataclass(frozen=True, slots=True)
class DeadLetters:
    session: AsyncSession

    async def keep(self, message: Message) -> None:
        """Keep a dead letter of another carrier; the same one, told again, once."""
        remembered = await self.session.execute(
            statements.REMEMBER,
            {
                "queue": message.queue,
                "scope": "kept",
                "deduplication": message.id,
                "window": DEDUPLICATION_SECONDS,
            },
        )
        if remembered.first() is None:
            return
        await self.session.execute(
            _KEEP,
            {
                "queue": message.queue,
                "message_group": message.group,
                "body": message.body,
                "origin": message.origin,
                "reason": message.reason,
            },
        )

    async def list(
        self, *, origin: Queue | None = None, limit: int = 100
    ) -> Sequence[DeadLetter]:
        """Return the newest first."""
        query = (
            select(QueueMessage)
            .where(QueueMessage.queue.in_(DEAD))
            .order_by(QueueMessage.id.desc())
            .limit(limit)
        )
        if origin is not None:
            query = query.where(QueueMessage.dead_from == origin)
        return [_letter(row) for row in await self.session.scalars(query)]

    async def get(self, letter_id: int) -> DeadLetter:
        query = select(QueueMessage).where(
            QueueMessage.id == letter_id, QueueMessage.queue.in_(DEAD)
        )
        if (row := await self.session.scalar(query)) is None:
            raise DeadLetterUnknownError(id=letter_id)
        return _letter(row)

    async def replay(self, letter_id: int) -> tuple[int, Queue]:
        """Send it again, as if for the first time; return its new id and its queue."""
        found = (await self.session.execute(_REPLAY, {"id": letter_id})).first()
        if found is None:
            raise DeadLetterUnknownError(id=letter_id)
        return found.id, Queue(found.queue)


@dataclass(frozen=True, slots=True)
class DeadLetterArchive:
    """Where another carrier's dead letters are kept, each in its own transaction."""

    database: Database

    async def keep(self, message: Message) -> None:
        async with self.database.transaction() as session:
            await DeadLetters(session).keep(message)


def _letter(row: QueueMessage) -> DeadLetter:
    return DeadLetter(
        id=row.id,
        origin=row.dead_from,
        group=row.message_group,
        reason=row.dead_reason,
        died_at=row.dead_at,
        body=row.body,
    )
