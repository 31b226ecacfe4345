"""Which carrier the queues have, and what each process does for it.

Everything is sent to the tables, in the transaction of its cause. With the built-in
queue the drain takes it from there. With SQS, each process relays what the reference
product's permissions let it send; so the drain does not need leave to send everything.
"""

from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import (
    DeadLetterArchive,
    LargeBodies,
    Listener,
    PostgresReceiver,
    Relay,
    Traffic,
    Unpacked,
)
from stackyard.kernel.queue import DEAD, Queue, Source
from stackyard.settings import DrainSettings, SchedulerSettings, ServerSettings

if TYPE_CHECKING:
    from stackyard.adapters.sqs import SqsConnection

_BOTH: Final = frozenset({Queue.ASYNC, Queue.ASYNC_FIFO, Queue.EVENTS_INBOX})
RELAYED_BY: Final[dict[type, frozenset[Queue]]] = {
    ServerSettings: _BOTH | {Queue.WEBHOOKS},
    DrainSettings: _BOTH | {Queue.IOT},
    SchedulerSettings: frozenset({Queue.CRONJOBS}),
}
Settings = ServerSettings | DrainSettings | SchedulerSettings
Duties = list[Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Sources:
    """What a drain takes messages from, and what it does beside that.

    With SQS, *outbox* may have dead letters of its own: what could not be relayed.
    """

    main: Source
    outbox: Source | None
    duties: Duties


@asynccontextmanager
async def relaying(settings: Settings, traffic: Traffic) -> AsyncIterator[Duties]:
    """Lend what a process that only sends does in the background."""
    if settings.message_queue_type != "sqs":
        yield []
        return
    listener = Listener(settings.direct_database)
    async with (
        _sqs(settings) as connection,
        _outbox(settings, listener, traffic) as outbox,
    ):
        yield [listener.run(), _relay(settings, outbox, connection).run()]


@asynccontextmanager
async def consuming(
    settings: DrainSettings, database: Database, large: LargeBodies, traffic: Traffic
) -> AsyncIterator[Sources]:
    """Lend what a drain takes messages from."""
    listener = Listener(settings.direct_database)
    async with _outbox(settings, listener, traffic) as outbox:
        if settings.message_queue_type != "sqs":
            yield Sources(Unpacked(outbox, large), None, [listener.run()])
            return
        from stackyard.adapters.sqs import SqsReceiver  # noqa: PLC0415 - see _sqs

        async with (
            _sqs(settings) as connection,
            SqsReceiver.open(connection, DeadLetterArchive(database)) as receiver,
        ):
            relay = _relay(settings, outbox, connection)
            duties: Duties = [listener.run(), relay.run()]
            yield Sources(Unpacked(receiver, large), outbox, duties)


def _outbox(
    settings: Settings, listener: Listener, traffic: Traffic
) -> AbstractAsyncContextManager[PostgresReceiver]:
    return PostgresReceiver.open(settings.database_url, listener, traffic=traffic)


def _relay(
    settings: Settings, outbox: PostgresReceiver, connection: "SqsConnection"
) -> Relay:
    queues = RELAYED_BY[type(settings)]
    if isinstance(settings, DrainSettings) and settings.drain_scheduler_enabled:
        queues = queues | {Queue.CRONJOBS}
    return Relay(outbox, connection, queues - DEAD)


@asynccontextmanager
async def _sqs(settings: Settings) -> AsyncIterator["SqsConnection"]:
    """Connect. Only here is the client library imported: it takes time, and memory."""
    from stackyard.adapters.sqs import SqsConnection  # noqa: PLC0415 - see above

    async with SqsConnection.open(
        settings.queue_urls, region=settings.queue_region
    ) as connection:
        yield connection
