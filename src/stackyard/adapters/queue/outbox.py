"""The outbox: messages are rows, written in the transaction of their cause.

With the built-in queue it *is* the queue; with SQS, a `Relay` takes them from there.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.adapters.queue.large import LargeBodies
from stackyard.adapters.queue.sender import PostgresSender
from stackyard.adapters.queue.traffic import UNCOUNTED, Traffic
from stackyard.kernel.events import Event
from stackyard.kernel.routing import Routes, message_of


@dataclass(frozen=True, slots=True)
class PostgresOutbox:
    """One message per reaction, so that one that fails is retried without the others.

    An event that *routes* does not name has no reaction, and leaves no trace.
    """

    session: AsyncSession
    routes: Routes
    large: LargeBodies | None = None
    traffic: Traffic = UNCOUNTED

    async def add(self, event: Event, *, delay_seconds: float = 0) -> None:
        sender = PostgresSender(self.session, self.large, self.traffic)
        for route in self.routes.get(type(event), ()):
            await sender.send(
                route.queue,
                message_of(event, route.reaction),
                group=route.group(event) if route.group else None,
                delay_seconds=max(delay_seconds, route.delay_seconds),
            )
