from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.pools import Yard

from stackyard.adapters.mqtt.model import Delivery
from stackyard.kernel.access import SYSTEM, Action
from stackyard.kernel.errors import ForbiddenError
from stackyard.kernel.ids import LegId, PoolId, WorkerId, new_ulid
from stackyard.workers import (
    PoolCounts,
    WorkerIdle,
    WorkerLost,
    WorkerMessageError,
    WorkerNotFoundError,
    WorkerRegistered,
)
from stackyard_protocol.mqtt import Deregister, Heartbeat, Ping, Register, ToWorker

LEASE = timedelta(seconds=60)


@pytest.fixture
def yard(session: AsyncSession) -> Yard:
    return Yard(session)


def leg() -> LegId:
    return LegId(new_ulid())


async def sent(yard: Yard) -> list[tuple[PoolId, WorkerId, ToWorker]]:
    rows = await yard.session.scalars(select(Delivery).order_by(Delivery.id))
    return [
        (row.pool_id, row.worker_id, msgspec.json.decode(row.payload, type=ToWorker))
        for row in rows
    ]


async def test_a_worker_that_registers_is_told_of_and_is_idle(yard: Yard) -> None:
    pool = await yard.pool()
    message = Register(version="1.2", metadata={"instance_id": "i-1"}, legs=["L"])
    worker_id = WorkerId(new_ulid())

    await yard.hear(pool.id, worker_id, message)

    at = yard.clock.now
    assert yard.outbox.events == [
        WorkerRegistered(
            worker_id=worker_id,
            pool_id=pool.id,
            leg_ids=(LegId("L"),),
            held=None,
            at=at,
        ),
        WorkerIdle(pool_id=pool.id, at=at),
    ]
    [worker] = await yard.workers.of([pool.id], by=SYSTEM)
    assert (worker.version, worker.tags) == ("1.2", {"instance_id": "i-1"})
    assert (worker.busy, worker.drained) == (False, False)


async def test_a_worker_that_registers_again_keeps_its_slot_drain_and_age(
    yard: Yard,
) -> None:
    pool = await yard.pool()
    worker_id = await yard.register(pool.id)
    registered_at, leg_id = yard.clock.now, leg()
    assert await yard.workers.claim(pool.id, leg_id, by=SYSTEM) == worker_id
    await yard.workers.set_drained(pool.id, worker_id, drained=True, by=SYSTEM)
    yard.outbox.events.clear()

    await yard.register(pool.id, worker_id)

    [event] = yard.outbox.events
    assert isinstance(event, WorkerRegistered)
    assert event.held == leg_id
    [worker] = await yard.workers.of([pool.id], by=SYSTEM)
    assert (worker.leg_id, worker.drained) == (leg_id, True)
    assert worker.registered_at == registered_at
    assert worker.seen_at == yard.clock.now


async def test_an_unknown_worker_that_sends_a_heartbeat_is_asked_to_register(
    yard: Yard,
) -> None:
    pool = await yard.pool()
    worker_id = WorkerId(new_ulid())
    await yard.hear(pool.id, worker_id, Heartbeat())
    assert await sent(yard) == [(pool.id, worker_id, Ping())]


async def test_nobody_takes_the_name_of_another_pools_worker(yard: Yard) -> None:
    mine, foreign = await yard.pool("mine"), await yard.pool("foreign")
    worker_id = await yard.register(mine.id)
    await yard.workers.claim(mine.id, leg(), by=SYSTEM)

    await yard.register(foreign.id, worker_id)
    await yard.hear(foreign.id, worker_id, Deregister())

    [worker] = await yard.workers.of([mine.id, foreign.id], by=SYSTEM)
    assert worker.pool_id == mine.id
    assert worker.busy
    with pytest.raises(WorkerNotFoundError):
        await yard.workers.set_drained(foreign.id, worker_id, drained=True, by=SYSTEM)


async def test_a_message_from_a_deleted_pool_changes_nothing(yard: Yard) -> None:
    gone = PoolId(new_ulid())
    await yard.register(gone)
    await yard.hear(gone, WorkerId(new_ulid()), Deregister())
    assert yard.outbox.events == []


@pytest.mark.parametrize("worker_id", ["", "launcher-1", "+", "0" * 25, "z" * 26])
async def test_a_worker_without_a_proper_id_is_refused(
    yard: Yard, worker_id: str
) -> None:
    pool = await yard.pool()
    with pytest.raises(WorkerMessageError):
        await yard.register(pool.id, WorkerId(worker_id or "-"))


@pytest.mark.parametrize(
    "message",
    [
        Register(version="1", metadata={"a": "nul \0 inside"}),
        Register(version="1", metadata={str(n): "x" for n in range(65)}),
        Register(version="1", metadata={"a": "x" * 4097}),
        Register(version="v" * 129),
        Register(version="1", legs=["x"] * 17),
    ],
)
async def test_metadata_that_is_too_much_is_refused(
    yard: Yard, message: Register
) -> None:
    pool = await yard.pool()
    with pytest.raises(WorkerMessageError):
        await yard.hear(pool.id, WorkerId(new_ulid()), message)


async def test_the_newest_idle_worker_gets_the_leg(yard: Yard) -> None:
    pool = await yard.pool()
    older, newer = await yard.register(pool.id), await yard.register(pool.id)
    claimed = [await yard.workers.claim(pool.id, leg(), by=SYSTEM) for _ in range(3)]
    assert claimed == [newer, older, None]


async def test_workers_of_other_pools_are_not_claimed(yard: Yard) -> None:
    mine, foreign = await yard.pool("mine"), await yard.pool("foreign")
    await yard.register(foreign.id)
    assert await yard.workers.claim(mine.id, leg(), by=SYSTEM) is None


async def test_a_released_slot_is_idle_again_and_told_of(yard: Yard) -> None:
    pool = await yard.pool()
    worker_id = await yard.register(pool.id)
    leg_id = leg()
    await yard.workers.claim(pool.id, leg_id, by=SYSTEM)
    yard.outbox.events.clear()

    await yard.workers.release(leg_id, by=SYSTEM)
    await yard.workers.release(leg_id, by=SYSTEM)  # again: nothing to free

    assert yard.outbox.events == [WorkerIdle(pool_id=pool.id, at=yard.clock.now)]
    assert await yard.workers.claim(pool.id, leg(), by=SYSTEM) == worker_id


async def test_a_drained_worker_gets_nothing_until_it_is_undrained(yard: Yard) -> None:
    pool = await yard.pool()
    worker_id = await yard.register(pool.id)
    drained = await yard.workers.set_drained(
        pool.id, worker_id, drained=True, by=SYSTEM
    )
    assert (drained.drained, drained.busy) == (True, False)
    assert await yard.workers.claim(pool.id, leg(), by=SYSTEM) is None
    yard.outbox.events.clear()

    await yard.workers.set_drained(pool.id, worker_id, drained=False, by=SYSTEM)

    assert yard.outbox.events == [WorkerIdle(pool_id=pool.id, at=yard.clock.now)]
    assert await yard.workers.claim(pool.id, leg(), by=SYSTEM) == worker_id


async def test_a_busy_worker_that_is_drained_says_so_and_frees_no_slot(
    yard: Yard,
) -> None:
    pool = await yard.pool()
    worker_id, leg_id = await yard.register(pool.id), leg()
    await yard.workers.claim(pool.id, leg_id, by=SYSTEM)
    worker = await yard.workers.set_drained(pool.id, worker_id, drained=True, by=SYSTEM)
    assert (worker.drained, worker.busy) == (True, True)
    yard.outbox.events.clear()
    await yard.workers.release(leg_id, by=SYSTEM)
    assert yard.outbox.events == []


async def test_draining_needs_a_right_in_the_pools_space(yard: Yard) -> None:
    pool = await yard.pool()
    worker_id = await yard.register(pool.id)
    yard.access.refused = {Action.WORKER_DRAIN_SET}
    with pytest.raises(ForbiddenError):
        await yard.workers.set_drained(pool.id, worker_id, drained=True, by=SYSTEM)


async def test_a_worker_that_leaves_takes_no_leg_with_it_in_silence(yard: Yard) -> None:
    pool = await yard.pool()
    idle, busy = await yard.register(pool.id), await yard.register(pool.id)
    leg_id = leg()
    await yard.workers.claim(pool.id, leg_id, by=SYSTEM)
    yard.outbox.events.clear()

    for worker_id in (idle, busy, busy):
        await yard.hear(pool.id, worker_id, Deregister())

    assert yard.outbox.events == [
        WorkerLost(worker_id=busy, pool_id=pool.id, leg_id=leg_id, at=yard.clock.now)
    ]
    assert await yard.pools.counts([pool.id], by=SYSTEM) == {}


async def test_a_silent_worker_is_doubted_first_and_lost_half_a_lease_later(
    yard: Yard,
) -> None:
    pool = await yard.pool()
    worker_id, leg_id = await yard.register(pool.id), leg()
    await yard.workers.claim(pool.id, leg_id, by=SYSTEM)
    yard.outbox.events.clear()

    begin = yard.clock.now

    async def sweep_after(seconds: float) -> int:
        yard.clock.advance(seconds)
        await yard.workers.beat("server", since=begin, by=SYSTEM)
        return await yard.workers.expire(LEASE, by=SYSTEM)

    assert await sweep_after(59) == 0
    assert await sweep_after(2) == 0  # doubted from here on
    assert await sweep_after(29) == 0
    assert yard.outbox.events == []
    assert await sweep_after(1) == 1
    assert yard.outbox.events == [
        WorkerLost(
            worker_id=worker_id, pool_id=pool.id, leg_id=leg_id, at=yard.clock.now
        )
    ]


async def test_while_no_server_hears_workers_none_is_lost(yard: Yard) -> None:
    pool = await yard.pool()
    await yard.register(pool.id)
    await yard.workers.claim(pool.id, leg(), by=SYSTEM)
    yard.outbox.events.clear()

    async def buried_after(seconds: float) -> int:
        yard.clock.advance(seconds)
        return await yard.workers.expire(LEASE, by=SYSTEM)

    begin = yard.clock.now
    await yard.workers.beat("old", since=begin, by=SYSTEM)
    for seconds in (LEASE.seconds, LEASE.seconds, 3600):  # the server is killed
        assert await buried_after(seconds) == 0
    since = yard.clock.now
    for _ in range(3):  # another one is there; for less than a lease
        await yard.workers.beat("new", since=since, by=SYSTEM)
        assert await buried_after(LEASE.seconds / 4) == 0
    await yard.workers.beat("new", since=since, by=SYSTEM)
    assert await buried_after(LEASE.seconds / 4 + 1) == 0  # in doubt from here on
    await yard.workers.beat("new", since=since, by=SYSTEM)
    assert await buried_after(LEASE.seconds / 2 - 1) == 0
    await yard.workers.beat("new", since=since, by=SYSTEM)
    assert await buried_after(1) == 1


async def test_after_a_long_outage_a_living_worker_has_time_to_be_heard(
    yard: Yard,
) -> None:
    pool = await yard.pool()
    worker_id = await yard.register(pool.id)
    yard.outbox.events.clear()
    begin = yard.clock.now
    yard.clock.advance(3600)  # the database was away, and nobody swept
    await yard.workers.beat("server", since=begin, by=SYSTEM)
    assert await yard.workers.expire(LEASE, by=SYSTEM) == 0
    assert await yard.workers.claim(pool.id, leg(), by=SYSTEM) is None  # in doubt

    yard.clock.advance(5)
    await yard.hear(pool.id, worker_id, Heartbeat())
    assert yard.outbox.events == [WorkerIdle(pool_id=pool.id, at=yard.clock.now)]

    yard.clock.advance(40)
    await yard.workers.beat("server", since=begin, by=SYSTEM)
    assert await yard.workers.expire(LEASE, by=SYSTEM) == 0
    assert await yard.workers.claim(pool.id, leg(), by=SYSTEM) == worker_id


async def test_pools_are_counted_together(yard: Yard) -> None:
    pools = [await yard.pool(f"pool {number}") for number in range(3)]
    for pool in pools[:2]:
        await yard.register(pool.id)
        await yard.register(pool.id)
    await yard.workers.claim(pools[0].id, leg(), by=SYSTEM)
    assert await yard.pools.counts([pool.id for pool in pools], by=SYSTEM) == {
        pools[0].id: PoolCounts(workers=2, busy=1),
        pools[1].id: PoolCounts(workers=2, busy=0),
    }
