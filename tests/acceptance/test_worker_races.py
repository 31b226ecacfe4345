"""What must hold when many do it at once, in transactions of their own."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import text
from tests.support.fakes import Clock
from tests.support.pools import Yard
from tests.support.vault import AesGcmVault

from stackyard.adapters.crypto.authority import open_authority
from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import LegId, PoolId, WorkerId, new_ulid
from stackyard_protocol.mqtt import Heartbeat


@dataclass
class Races:
    database: Database
    pool_id: PoolId

    @asynccontextmanager
    async def yard(self) -> AsyncIterator[Yard]:
        async with self.database.transaction() as session:
            yield Yard(session)

    async def register(self, count: int) -> list[WorkerId]:
        async with self.yard() as yard:
            return [await yard.register(self.pool_id) for _ in range(count)]

    async def claim(self) -> tuple[LegId, WorkerId | None]:
        leg_id = LegId(new_ulid())
        async with self.yard() as yard:
            return leg_id, await yard.workers.claim(self.pool_id, leg_id, by=SYSTEM)

    async def release(self, leg_id: LegId) -> None:
        async with self.yard() as yard:
            await yard.workers.release(leg_id, by=SYSTEM)

    async def drain(self, worker_id: WorkerId, *, drained: bool) -> bool:
        """Return whether it was busy, once that is committed."""
        async with self.yard() as yard:
            worker = await yard.workers.set_drained(
                self.pool_id, worker_id, drained=drained, by=SYSTEM
            )
        return worker.busy


@pytest.fixture
async def races(database: Database) -> Races:
    async with database.transaction() as session:
        pool = await Yard(session).pool()
    return Races(database, pool.id)


async def test_many_claims_at_once_fill_every_slot_exactly_once(races: Races) -> None:
    workers = await races.register(7)
    claims = await asyncio.gather(*(races.claim() for _ in range(40)))
    given = Counter(worker_id for _, worker_id in claims if worker_id)
    assert given == Counter(workers)


async def test_claims_and_releases_never_put_two_legs_on_one_worker(
    races: Races,
) -> None:
    await races.register(3)
    holding: Counter[WorkerId] = Counter()
    carried_out = 0

    async def carry_out_some() -> None:
        nonlocal carried_out
        for _ in range(25):
            leg_id, worker_id = await races.claim()
            if worker_id is None:
                continue
            holding[worker_id] += 1
            assert holding[worker_id] == 1
            await asyncio.sleep(random.random() / 500)
            holding[worker_id] -= 1
            carried_out += 1
            await races.release(leg_id)

    await asyncio.gather(*(carry_out_some() for _ in range(8)))
    assert carried_out > 25


async def test_a_worker_whose_drain_said_not_busy_is_never_given_a_leg(
    races: Races,
) -> None:
    [worker_id] = await races.register(1)
    for _ in range(150):
        claim = asyncio.create_task(races.claim())
        await asyncio.sleep(random.random() / 100)
        busy = await races.drain(worker_id, drained=True)
        leg_id, given = await claim
        assert busy == (given is not None)  # what the drain said is what became true
        assert (await races.claim())[1] is None
        await races.release(leg_id)
        await races.drain(worker_id, drained=False)


async def test_a_claim_waits_for_the_only_idle_worker_when_a_heartbeat_holds_it(
    races: Races,
) -> None:
    [worker_id] = await races.register(1)
    async with races.yard() as yard:
        await yard.hear(races.pool_id, worker_id, Heartbeat())
        claim = asyncio.create_task(races.claim())
        await asyncio.sleep(0.2)
        assert not claim.done()
    assert (await asyncio.wait_for(claim, 10))[1] == worker_id


async def test_a_claim_does_not_wait_while_another_worker_is_idle(races: Races) -> None:
    other, newest = await races.register(2)
    async with races.yard() as yard:
        await yard.hear(races.pool_id, newest, Heartbeat())
        assert (await asyncio.wait_for(races.claim(), 10))[1] == other


async def test_replicas_that_start_at_once_agree_on_one_authority(
    database: Database,
) -> None:
    vault, clock = AesGcmVault(), Clock()

    async def start() -> str:
        async with database.transaction() as session:
            authority = await open_authority(session, vault, clock=clock)
            await asyncio.sleep(0.05)
            return authority.certificate_pem

    certificates = await asyncio.gather(*(start() for _ in range(6)))
    assert len(set(certificates)) == 1
    assert await start() == certificates[0]
    async with database.transaction() as session:
        stored = await session.scalar(
            text("SELECT sealed_key FROM certificate_authorities")
        )
    assert stored
    assert b"PRIVATE" not in stored
