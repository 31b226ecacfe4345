"""The drain and the scheduler on the real queue."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from tests.support.fakes import Clock
from tests.support.queues import eventually, next_messages, receiver_at, send

from stackyard.adapters.postgres import Database
from stackyard.adapters.queue import (
    Depth,
    PostgresOutbox,
    PostgresReceiver,
    PostgresSender,
    QueueUpkeep,
)
from stackyard.choreography import (
    DONE,
    Choreography,
    Outcome,
    Verdict,
    file_dead_letter,
    handler,
    when,
)
from stackyard.drain import Drain, Handler, Lane
from stackyard.kernel.errors import UnavailableError
from stackyard.kernel.events import Event
from stackyard.kernel.queue import Message, Queue, Sender
from stackyard.scheduler import Scheduler


@pytest.fixture
async def receiver(database_url: str) -> AsyncIterator[PostgresReceiver]:
    async with receiver_at(database_url) as receiver:
        yield receiver


@asynccontextmanager
async def draining(
    receiver: PostgresReceiver, lanes: dict[Queue, Lane], *, grace_seconds: float = 10
) -> AsyncIterator[asyncio.Event]:
    """Run a drain; on the way out, stop it in good order."""
    stop = asyncio.Event()
    drain = Drain(receiver, lanes, grace_seconds=grace_seconds)
    running = asyncio.create_task(drain.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(20):
            await running


@dataclass
class Recorder:
    """Handles by writing down; *then* is what it does besides."""

    then: Callable[[Message], Awaitable[Outcome]] | None = None
    seen: list[Message] = field(default_factory=list)
    inside: int = 0
    most_inside: int = 0

    async def __call__(self, message: Message) -> Outcome:
        self.seen.append(message)
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            return await self.then(message) if self.then else DONE
        finally:
            self.inside -= 1

    @property
    def numbers(self) -> list[int]:
        return [message.body["n"] for message in self.seen]


async def depth(database: Database, queue: Queue) -> Depth:
    async with database.transaction() as session:
        return (await QueueUpkeep(session).depths())[queue]


async def empty(database: Database, queue: Queue) -> None:
    async with asyncio.timeout(20):
        while (await depth(database, queue)).total:  # noqa: ASYNC110 - another process would do
            await asyncio.sleep(0.05)


def lasting(seconds: float) -> Handler:
    async def handle(message: Message) -> Outcome:
        await asyncio.sleep(seconds)
        return DONE

    return handle


async def test_messages_are_handled_and_gone(
    database: Database, receiver: PostgresReceiver
) -> None:
    recorder = Recorder()
    async with draining(receiver, {Queue.ASYNC: Lane(recorder)}):
        await send(database, Queue.ASYNC, {"n": 1}, {"n": 2})
        await empty(database, Queue.ASYNC)

    assert recorder.numbers == [1, 2]


async def test_a_lane_never_handles_more_than_it_may(
    database: Database, receiver: PostgresReceiver
) -> None:
    recorder = Recorder(lasting(0.05))
    await send(database, Queue.ASYNC, *({"n": n} for n in range(12)))
    async with draining(receiver, {Queue.ASYNC: Lane(recorder, concurrency=3)}):
        await empty(database, Queue.ASYNC)

    assert recorder.most_inside == 3
    assert sorted(recorder.numbers) == list(range(12))


async def test_groups_go_side_by_side_and_each_in_order(
    database: Database, receiver: PostgresReceiver
) -> None:
    recorder = Recorder(lasting(0.05))
    for group in ("a", "b", "c"):
        bodies = ({"n": n} for n in range(4))
        await send(database, Queue.ASYNC_FIFO, *bodies, group=group)
    async with draining(receiver, {Queue.ASYNC_FIFO: Lane(recorder, concurrency=3)}):
        await empty(database, Queue.ASYNC_FIFO)

    assert recorder.most_inside == 3
    for group in ("a", "b", "c"):
        mine = [one.body["n"] for one in recorder.seen if one.group == group]
        assert mine == [0, 1, 2, 3]


async def test_a_slow_lane_does_not_hold_up_another(
    database: Database, receiver: PostgresReceiver
) -> None:
    slow, quick = Recorder(lasting(60)), Recorder()
    lanes = {Queue.WEBHOOKS: Lane(slow), Queue.IOT: Lane(quick)}
    async with draining(receiver, lanes, grace_seconds=0):
        await send(database, Queue.WEBHOOKS, {"n": 1})
        await eventually(lambda: slow.numbers == [1])
        await send(database, Queue.IOT, {"n": 2})
        await eventually(lambda: quick.numbers == [2])


async def test_a_message_stays_ours_for_as_long_as_we_work_on_it(
    database: Database, receiver: PostgresReceiver
) -> None:
    recorder = Recorder(lasting(4.5))
    await send(database, Queue.ASYNC, {"n": 1})
    # long enough for a busy machine to renew it in time
    lane = Lane(recorder, concurrency=2, visibility_seconds=2)
    async with draining(receiver, {Queue.ASYNC: lane}):
        await empty(database, Queue.ASYNC)

    assert recorder.numbers == [1]


async def test_a_handler_whose_message_somebody_else_has_is_cancelled(
    database: Database, receiver: PostgresReceiver
) -> None:
    recorder = Recorder(lasting(60))
    await send(database, Queue.ASYNC, {"n": 1})
    lane = Lane(recorder, visibility_seconds=1)
    async with draining(receiver, {Queue.ASYNC: lane}):
        await eventually(lambda: recorder.inside == 1)
        async with database.transaction() as session:
            await session.execute(
                text("UPDATE message_queue_messages SET receipt = gen_random_uuid()")
            )
        await eventually(lambda: recorder.inside == 0)


async def test_a_handler_that_takes_too_long_is_cancelled_and_that_counts(
    database: Database, receiver: PostgresReceiver
) -> None:
    recorder = Recorder(lasting(60))
    await send(database, Queue.ASYNC, {"n": 1})
    lane = Lane(recorder, timeout_seconds=0.1, visibility_seconds=30)
    async with draining(receiver, {Queue.ASYNC: lane}):
        [dead] = await next_messages(receiver, Queue.DLQ)

    assert recorder.numbers == [1, 1, 1]
    assert (dead.origin, dead.body) == (Queue.ASYNC, {"n": 1})


async def test_a_stop_lets_what_runs_finish_and_takes_nothing_new(
    database: Database, receiver: PostgresReceiver
) -> None:
    recorder = Recorder(lasting(0.5))
    await send(database, Queue.ASYNC, {"n": 1}, {"n": 2})
    async with draining(receiver, {Queue.ASYNC: Lane(recorder)}):
        await eventually(lambda: recorder.inside == 1)

    assert recorder.numbers == [1]
    assert await depth(database, Queue.ASYNC) == Depth(1, 1)


async def test_what_does_not_finish_before_the_end_is_given_back_at_once(
    database: Database, receiver: PostgresReceiver
) -> None:
    recorder = Recorder(lasting(60))
    await send(database, Queue.ASYNC, {"n": 1})
    lane = Lane(recorder, visibility_seconds=60)
    async with draining(receiver, {Queue.ASYNC: lane}, grace_seconds=0.1):
        await eventually(lambda: recorder.inside == 1)

    [again] = await receiver.receive(Queue.ASYNC, limit=1, visibility_seconds=60)
    assert again.receives - again.returns == 1


async def test_a_drain_outlives_the_loss_of_all_its_connections(
    database: Database, receiver: PostgresReceiver
) -> None:
    recorder = Recorder()
    async with draining(receiver, {Queue.ASYNC: Lane(recorder)}):
        for n in range(3):
            async with database.transaction() as session:
                await session.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE pid <> pg_backend_pid()"
                        " AND datname = current_database()"
                    )
                )
            await send(database, Queue.ASYNC, {"n": n})
            await empty(database, Queue.ASYNC)

    assert recorder.numbers == [0, 1, 2]


@dataclass
class FailingReceiver:
    """The real receiver, in a database that is down as often as it was told."""

    real: PostgresReceiver
    failures: int

    def __getattr__(self, name: str) -> Any:
        async def call(*args: Any, **options: Any) -> Any:
            if self.failures and name != "wait":
                self.failures -= 1
                raise UnavailableError
            return await getattr(self.real, name)(*args, **options)

        return call


async def test_an_answer_that_does_not_get_through_is_given_again(
    database: Database, receiver: PostgresReceiver
) -> None:
    failing = FailingReceiver(receiver, 0)

    async def handle(message: Message) -> Outcome:
        failing.failures = 3
        return DONE

    recorder = Recorder(handle)
    await send(database, Queue.ASYNC, {"n": 1})
    stop = asyncio.Event()
    lanes = {Queue.ASYNC: Lane(recorder, visibility_seconds=30)}
    running = asyncio.create_task(Drain(failing, lanes).run(stop))
    await empty(database, Queue.ASYNC)
    stop.set()
    await running

    assert recorder.numbers == [1]


async def test_a_broken_handler_buries_its_message_only_after_three_times(
    database: Database, receiver: PostgresReceiver
) -> None:
    async def break_down(message: Message) -> Outcome:
        raise ZeroDivisionError

    recorder, graveyard = Recorder(break_down), Recorder(file_dead_letter)
    await send(database, Queue.ASYNC, {"n": 1})
    lanes = {
        Queue.ASYNC: Lane(recorder, visibility_seconds=0.2),
        Queue.DLQ: Lane(graveyard),
    }
    async with draining(receiver, lanes):
        await eventually(lambda: len(graveyard.seen) == 1)

    assert recorder.numbers == [1, 1, 1]
    assert await depth(database, Queue.DLQ) == Depth(1, 0)  # kept, for an operator


async def test_a_message_that_is_refused_is_buried_at_once(
    database: Database, receiver: PostgresReceiver
) -> None:
    async def refuse(message: Message) -> Outcome:
        return Outcome(Verdict.BURY, reason="no such stack")

    recorder, graveyard = Recorder(refuse), Recorder(file_dead_letter)
    await send(database, Queue.ASYNC, {"n": 1})
    lanes = {Queue.ASYNC: Lane(recorder), Queue.DLQ: Lane(graveyard)}
    async with draining(receiver, lanes):
        await eventually(lambda: len(graveyard.seen) == 1)

    assert recorder.numbers == [1]
    assert graveyard.seen[0].reason == "no such stack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rang(Event):
    house: str


async def open_door(tools: list[Rang], event: Rang) -> None:
    tools.append(event)


async def let_dog_bark(tools: list[Rang], event: Rang) -> None:
    tools.append(event)


async def test_an_event_in_the_outbox_reaches_each_of_its_reactions(
    database: Database, receiver: PostgresReceiver
) -> None:
    choreography = Choreography[list[Rang]].of(
        [
            when(Rang, open_door, queue=Queue.ASYNC_FIFO, group=lambda e: e.house),
            when(Rang, let_dog_bark),
        ]
    )
    heard: list[Rang] = []
    handle = handler(choreography, heard)
    lanes = {Queue.ASYNC: Lane(handle), Queue.ASYNC_FIFO: Lane(handle)}
    rang = Rang(at=datetime(2030, 1, 1, tzinfo=UTC), house="12")
    async with draining(receiver, lanes):
        async with database.transaction() as session:
            await PostgresOutbox(session, choreography.routes).add(rang)
            await asyncio.sleep(0.2)
            assert heard == []  # not before the commit
        await eventually(lambda: len(heard) == 2)

    assert heard == [rang, rang]


async def test_an_event_in_a_transaction_that_fails_was_never_there(
    database: Database,
) -> None:
    choreography = Choreography[list[Rang]].of([when(Rang, open_door)])
    rang = Rang(at=datetime(2030, 1, 1, tzinfo=UTC), house="12")

    async def fail() -> None:
        async with database.transaction() as session:
            await PostgresOutbox(session, choreography.routes).add(rang)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()

    assert await depth(database, Queue.ASYNC) == Depth(0, 0)


def sender_of(database: Database) -> Any:
    @asynccontextmanager
    async def open_sender() -> AsyncIterator[Sender]:
        async with database.transaction() as session:
            yield PostgresSender(session)

    return open_sender


async def test_any_number_of_schedulers_sends_each_tick_once(
    database: Database, receiver: PostgresReceiver
) -> None:
    clock = Clock()
    replicas = [
        Scheduler(sender_of(database), {"sweep": 10, "count": 60}, clock)
        for _ in range(3)
    ]
    for _ in range(7):  # a minute, and the moment before it
        await asyncio.gather(*(replica.send_due() for replica in replicas))
        clock.advance(10)

    found = await receiver.receive(Queue.CRONJOBS, limit=100, visibility_seconds=30)
    ticks = [(one.body["tick"], one.body["number"]) for one in found]
    assert len(ticks) == len(set(ticks))
    assert [tick for tick, _ in ticks].count("sweep") == 7
    assert [tick for tick, _ in ticks].count("count") == 2


async def test_a_scheduler_that_starts_late_leaves_out_what_the_queue_forgot(
    database: Database, receiver: PostgresReceiver
) -> None:
    clock = Clock()  # on the hour
    clock.advance(1800)
    await Scheduler(sender_of(database), {"hourly": 3600}, clock).send_due()

    found = await receiver.receive(Queue.CRONJOBS, limit=10, visibility_seconds=30)
    assert found == []


async def test_a_scheduler_outlives_an_outage(
    database: Database, receiver: PostgresReceiver
) -> None:
    failures = 2

    @asynccontextmanager
    async def open_sender() -> AsyncIterator[Sender]:
        nonlocal failures
        if failures:
            failures -= 1
            raise UnavailableError
        async with sender_of(database)() as sender:
            yield sender

    stop = asyncio.Event()
    scheduler = Scheduler(open_sender, {"sweep": 10}, Clock())
    running = asyncio.create_task(scheduler.run(stop))
    [tick] = await next_messages(receiver, Queue.CRONJOBS)
    stop.set()
    await running

    assert tick.body["tick"] == "sweep"
