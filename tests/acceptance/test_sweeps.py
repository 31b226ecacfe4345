"""The net below the path: one thing that cannot be helped now holds up no other."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast

import msgspec
import pytest
from sqlalchemy.pool import QueuePool
from tests.support.blobs import MemoryBlobs
from tests.support.bureau import Bureau, GitWorld
from tests.support.certificates import signing_request
from tests.support.realm import AUTHORITY
from tests.support.stacks import ADA, a_spec

from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.blobs import Bucket
from stackyard.kernel.ids import PoolId, StackId, WorkerId, new_ulid
from stackyard.kernel.routing import event_of
from stackyard.reactions.deletions import go_on_deleting
from stackyard.reactions.dispatch import advance
from stackyard.reactions.sweeps import look_up_sought, sweep_runs
from stackyard.reactions.workers import settle_registered
from stackyard.runs import CommitsSought, PhaseLog, RunState, RunType
from stackyard.runs.log_model import LogChunk
from stackyard.stacks import TrackedCommit
from stackyard.vcs import Answer
from stackyard.workers import Courier, PoolSettings, WorkerRegistered
from stackyard_protocol.mqtt import Register, StopRun, ToWorker
from stackyard_protocol.report import Accepted, Report

NET, APP = StackId("net"), StackId("app")
HOSTS = {NET: "net.example", APP: "app.example"}
A, B = "a" * 40, "b" * 40


@dataclass
class WatchfulBlobs(MemoryBlobs):
    """A store that looks whether a transaction waits for it."""

    databases: list[Database] = field(default_factory=list)

    async def put_stream(
        self, bucket: Bucket, key: str, body: AsyncIterator[bytes]
    ) -> None:
        async def watched() -> AsyncIterator[bytes]:
            async for piece in body:
                self._look()
                yield piece

        self._look()
        await MemoryBlobs.put_stream(self, bucket, key, watched())

    async def get_range(
        self, bucket: Bucket, key: str, *, start: int, length: int
    ) -> bytes:
        self._look()
        return await MemoryBlobs.get_range(
            self, bucket, key, start=start, length=length
        )

    def _look(self) -> None:
        for one in self.databases:
            assert cast("QueuePool", one.engine.pool).checkedout() == 0


@pytest.fixture
async def bureau(database: Database) -> Bureau:
    """Two stacks, each with its code on a server of its own, and a run that waits."""
    blobs = WatchfulBlobs(databases=[database])
    bureau = await Bureau(database, signer=AUTHORITY, blobs=blobs).prepare()
    async with bureau.unit() as unit:
        settings = PoolSettings(name="builders")
        pool = await unit.pools.create(settings, signing_request(), by=SYSTEM)
    for stack, host in HOSTS.items():
        url = f"https://{host}/infra.git"
        await bureau.follow(stack.capitalize(), url, worker_pool_id=PoolId(pool.id))
        bureau.world.push(url, A)
        async with bureau.unit() as unit:
            await unit.triggers.trigger(stack, by=ADA)
    return bureau


async def worker(bureau: Bureau) -> PoolId:
    """Have a worker that waits for runs; return the pool that it is in."""
    pool_id = (await bureau.stack(NET)).worker_pool_id
    assert pool_id is not None
    async with bureau.unit() as unit:
        said, worker_id = msgspec.json.encode(Register("1")), WorkerId(new_ulid())
        await unit.workers.heard(pool_id, worker_id, said, by=SYSTEM)
    return pool_id


async def state(bureau: Bureau, stack: StackId) -> RunState:
    [run] = await bureau.runs(stack)
    return run.state


async def sought(bureau: Bureau) -> list[CommitsSought]:
    return [
        event_of(CommitsSought, one) for one in await bureau.taken("look_up_sought")
    ]


async def test_a_git_server_that_is_away_holds_up_no_other_stack(
    bureau: Bureau,
) -> None:
    bureau.world.away.add(HOSTS[NET])

    await advance(bureau.tools, NET)
    await sweep_runs(bureau.tools)
    assert bureau.world.asked == [f"https://{HOSTS[NET]}/infra.git"]  # not by the sweep
    [event] = await sought(bureau)
    await look_up_sought(bureau.tools, event)

    assert set(event.stack_ids) == {NET, APP}
    assert await state(bureau, APP) is RunState.READY
    assert await state(bureau, NET) is RunState.QUEUED
    bureau.world.away.clear()
    await sweep_runs(bureau.tools)
    for event in await sought(bureau):
        await look_up_sought(bureau.tools, event)
    assert await state(bureau, NET) is RunState.READY


async def test_a_run_whose_git_server_is_away_waits_and_does_not_fail(
    bureau: Bureau,
) -> None:
    bureau.world.away.add(HOSTS[NET])
    await worker(bureau)
    await advance(bureau.tools, NET)
    assert await state(bureau, NET) is RunState.QUEUED


async def test_who_lacks_nothing_is_not_asked_about(bureau: Bureau) -> None:
    await advance(bureau.tools, NET)
    await advance(bureau.tools, APP)
    await sweep_runs(bureau.tools)
    assert await sought(bureau) == []


@dataclass
class Meanwhile(GitWorld):
    """While a server is asked, somebody else is faster."""

    bureau: Bureau | None = None

    async def get(self, url: str, *, limit: int) -> Answer:
        assert self.bureau is not None
        async with self.bureau.unit() as unit:
            await unit.stacks.set_tracked_commit(NET, TrackedCommit(B), by=ADA)
        return await GitWorld.get(self, url, limit=limit)


async def test_a_commit_that_came_while_another_was_looked_up_stays(
    bureau: Bureau,
) -> None:
    bureau.world = Meanwhile(bureau.world.branches, bureau=bureau)
    await advance(bureau.tools, NET)
    assert ((await bureau.stack(NET)).tracked_commit or {})["hash"] == B
    assert await bureau.commits(NET) == [A]


async def test_a_stack_that_is_to_go_is_seen_to_though_its_message_was_lost(
    bureau: Bureau,
) -> None:
    async with bureau.unit() as unit:
        await unit.stacks.delete(NET, by=ADA)
    await sweep_runs(bureau.tools)
    assert await bureau.sql("SELECT id FROM stacks") == [(APP,)]


async def test_however_often_a_deletion_goes_on_one_run_destroys(
    bureau: Bureau,
) -> None:
    async with bureau.unit() as unit:
        spec = a_spec(name="Old", worker_pool_id=None)
        old = await unit.stacks.create(spec, manage_state=False, by=ADA)
        await unit.stacks.delete(old.id, destroy_resources=True, by=ADA)
    await asyncio.gather(*(go_on_deleting(bureau.tools, old.id) for _ in range(3)))
    async with bureau.unit() as unit:
        runs = await unit.runs.of_stacks([old.id], [RunType.DESTROY], by=SYSTEM)
    assert len(runs[old.id]) == 1


async def test_no_transaction_waits_while_a_log_is_sealed_or_read(
    bureau: Bureau,
) -> None:
    [run] = await bureau.runs(NET)
    pieces = [b"all ", b"of it"]
    async with bureau.unit() as unit:
        log = PhaseLog(run_id=run.id, state_version=1, ended=True, chunks=2, size=9)
        unit.session.add(log)
        await unit.session.flush()
        unit.session.add_all(
            LogChunk(run_id=run.id, state_version=1, number=one, start=4 * one, body=it)
            for one, it in enumerate(pieces)
        )
    files = bureau.tools.log_files
    for _ in range(2):  # by the sweep, and then from the object
        part = await files.read(run.id, 1, offset=2, by=ADA)
        assert (part.body, part.finished) == (b"l of it", True)
        await sweep_runs(bureau.tools)
    assert await bureau.sql("SELECT sealed_size FROM run_logs") == [(9,)]
    assert await bureau.sql("SELECT * FROM run_log_chunks") == []


@dataclass
class Notes:
    """A courier that keeps what it is given."""

    sent: list[ToWorker] = field(default_factory=list)

    async def send(
        self, _pool_id: PoolId, _worker_id: WorkerId, message: ToWorker
    ) -> None:
        self.sent.append(message)


async def test_a_worker_that_missed_a_stop_is_told_when_it_is_back(
    bureau: Bureau,
) -> None:
    notes = Notes()
    bureau.courier = cast("Courier", notes)
    pool_id, [run] = await worker(bureau), await bureau.runs(NET)
    async with bureau.unit() as unit:
        await unit.dispatch.set_commit(run.id, TrackedCommit(A).as_dict(), by=SYSTEM)
        await unit.dispatch.gate(NET, by=SYSTEM)
        claim = await unit.dispatch.claim(pool_id, by=SYSTEM)
        assert claim is not None
        leg = claim.leg
        await unit.legs.report(leg.id, Report(0, Accepted()), by=SYSTEM)
    back = WorkerRegistered(
        pool_id=pool_id,
        worker_id=leg.worker_id,
        leg_ids=(leg.id,),
        held=leg.id,
        at=bureau.clock(),
    )
    await settle_registered(bureau.tools, back)
    assert notes.sent == []
    async with bureau.unit() as unit:
        await unit.runs.stop(NET, run.id, by=ADA)
    await settle_registered(bureau.tools, back)
    assert notes.sent == [StopRun(run=run.id, leg=leg.id)]
