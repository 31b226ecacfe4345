from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.adapters.queue import statements
from stackyard.adapters.queue.large import (
    LARGEST,
    BodyTooLargeError,
    LargeBodies,
    as_text,
)
from stackyard.adapters.queue.traffic import UNCOUNTED, Traffic
from stackyard.kernel.queue import Queue

DEDUPLICATION_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class PostgresSender:
    """Enqueues in the transaction of *session*: both happen, or neither.

    The notification leaves with the commit too, and only wakes. A process that sends
    nothing large needs no place for *large* bodies.
    """

    session: AsyncSession
    large: LargeBodies | None = None
    traffic: Traffic = UNCOUNTED

    async def send(
        self,
        queue: Queue,
        body: dict[str, Any],
        *,
        group: str | None = None,
        deduplication: str | None = None,
        delay_seconds: float = 0,
    ) -> None:
        if queue.fifo and not group:
            message = f"{queue} is a FIFO queue: say which group the message is of"
            raise ValueError(message)
        group = group if queue.fifo else None
        if deduplication is not None and not await self._is_new(
            queue, group or "", deduplication
        ):
            return
        body = await self._light(queue, body)
        await self.session.execute(
            statements.SEND,
            {
                "queue": queue,
                "message_group": group,
                "body": body,
                "delay": delay_seconds,
            },
        )
        self.traffic.will_be_sent(self.session, queue)

    async def _light(self, queue: Queue, body: dict[str, Any]) -> dict[str, Any]:
        if self.large is not None:
            return await self.large.check_in(queue, body)
        if (size := len(as_text(body))) > LARGEST:
            setting = "OBJECT_STORAGE_BUCKET_LARGE_QUEUE_MESSAGES"
            raise BodyTooLargeError(queue=queue, size=size, setting=setting)
        return body

    async def _is_new(self, queue: Queue, scope: str, deduplication: str) -> bool:
        remembered = await self.session.execute(
            statements.REMEMBER,
            {
                "queue": queue,
                "scope": scope,
                "deduplication": deduplication,
                "window": DEDUPLICATION_SECONDS,
            },
        )
        return remembered.first() is not None
