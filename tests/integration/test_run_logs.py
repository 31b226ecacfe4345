"""Logs: taken in any pieces, read from any offset, the same bytes before and after."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.blobs import MemoryBlobs
from tests.support.fakes import Clock, MemoryOutbox, OpenAccess
from tests.support.stacks import ADA, Bench, a_spec

from stackyard.kernel.access import SYSTEM, Subject, SubjectKind
from stackyard.kernel.blobs import Bucket
from stackyard.kernel.errors import ForbiddenError
from stackyard.kernel.ids import LegId, PoolId, RunId, StackId, WorkerId, new_ulid
from stackyard.log_files import LogFiles
from stackyard.runs import (
    Leg,
    LogEnded,
    LogGapError,
    LogStore,
    Run,
    RunLogs,
    RunState,
    RunType,
    queue_run,
)
from stackyard.runs.errors import ChunkTooLargeError
from stackyard.runs.log_model import LogChunk, PhaseLog
from stackyard.runs.service.logs import FORGOTTEN
from stackyard.unit import Unit
from stackyard_protocol.report import MAX_CHUNK, LogEnd

VERSION = 5


class Desk:
    """A run with a leg, and the logs of its phases."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.blobs = MemoryBlobs()
        self.outbox = MemoryOutbox()
        self.bench = Bench(session)
        self.logs = RunLogs(
            LogStore(session),
            self.bench.stacks,
            OpenAccess(),
            self.outbox,
            Clock(),
        )

    async def begin(self) -> None:
        await self.bench.prepare()
        if await self.bench.stacks.find(StackId("net"), by=ADA) is None:
            await self.bench.stacks.create(a_spec(name="Net"), by=ADA)
        await self.session.execute(text("SET LOCAL session_replication_role = replica"))
        self.run, first = queue_run(
            stack_id=StackId("net"), type=RunType.TRACKED, branch="main", at=Clock()()
        )
        self.session.add_all([self.run, first])
        self.run.pool_id = PoolId("pool")
        self.leg = Leg.claim(
            self.run,
            leg_id=LegId(new_ulid()),
            worker_id=WorkerId(new_ulid()),
            at=Clock()(),
        )
        self.session.add(self.leg)
        await self.session.flush()
        self.by = Subject(SubjectKind.WORKER, self.leg.id, "worker")

    async def append(self, number: int, body: bytes) -> None:
        await self.logs.append(self.leg, VERSION, number, body, by=self.by)

    async def end(self, chunks: int) -> None:
        await self.logs.end(self.leg, VERSION, LogEnd(chunks, 0), by=self.by)

    async def get(self, run_id: RunId, *, by: Subject) -> Run:
        """Be the runs of a unit."""
        del by
        assert run_id == self.run.id
        return self.run

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Unit]:
        yield cast("Unit", SimpleNamespace(logs=self.logs, runs=self))

    @property
    def files(self) -> LogFiles:
        return LogFiles(self.unit, self.blobs)

    async def seal(self) -> None:
        await self.files.seal(self.run.id, VERSION)
        await self.session.flush()

    async def look(self, offset: int = 0) -> tuple[bytes, bool, bool]:
        """Return what a viewer is told: the bytes, whether there is a log, its end."""
        part = await self.files.read(self.run.id, VERSION, offset=offset, by=SYSTEM)
        return part.body, part.exists, part.finished

    async def read_all(self, offset: int = 0) -> bytes:
        whole = b""
        while body := (await self.look(offset + len(whole)))[0]:
            whole += body
        return whole


@pytest.fixture
async def desk(session: AsyncSession) -> Desk:
    desk = Desk(session)
    await desk.begin()
    return desk


async def test_a_repeated_chunk_changes_nothing(desk: Desk) -> None:
    await desk.append(0, b"one ")
    await desk.append(1, b"two")
    await desk.append(0, b"one ")

    assert await desk.read_all() == b"one two"


async def test_a_missing_chunk_is_asked_for(desk: Desk) -> None:
    await desk.append(0, b"one")

    with pytest.raises(LogGapError) as caught:
        await desk.append(2, b"three")
    assert caught.value.facts["expected"] == 1
    with pytest.raises(LogGapError):
        await desk.end(2)


async def test_an_oversized_chunk_is_refused(desk: Desk) -> None:
    with pytest.raises(ChunkTooLargeError):
        await desk.append(0, b"x" * (MAX_CHUNK + 1))


async def test_a_log_that_is_on_its_way_is_waited_for(desk: Desk) -> None:
    """The run is over, the report said that it printed, the bytes come later."""
    desk.run.state = RunState.FINISHED
    await desk.logs.expect(desk.leg, VERSION, by=desk.by)

    assert await desk.look() == (b"", True, False)
    await desk.append(0, b"late")
    assert await desk.look() == (b"late", True, False)
    await desk.end(1)
    assert await desk.look() == (b"late", True, True)


async def test_a_state_of_the_past_that_printed_nothing_has_no_log(desk: Desk) -> None:
    desk.run.state = RunState.FINISHED

    assert await desk.look() == (b"", False, True)


async def test_a_log_whose_worker_is_gone_for_good_is_not_waited_for(
    desk: Desk,
) -> None:
    await desk.append(0, b"what came")
    await desk.logs.end_forgotten(by=SYSTEM)
    assert await desk.look() == (b"what came", True, False)  # the leg goes on

    desk.leg.ended_at = Clock()() - FORGOTTEN
    await desk.session.flush()
    await desk.logs.end_forgotten(by=SYSTEM)
    assert await desk.look() == (b"what came", True, False)  # it may be on its way

    desk.leg.ended_at -= timedelta(seconds=1)
    await desk.session.flush()
    await desk.logs.end_forgotten(by=SYSTEM)
    assert await desk.look() == (b"what came", True, True)
    assert isinstance(desk.outbox.events[-1], LogEnded)


async def test_what_came_in_many_small_pieces_is_read_in_one(desk: Desk) -> None:
    """A tool that prints a line now and then must not cost a question for each."""
    for number in range(50):
        await desk.append(number, b"%d\n" % number)

    body, _, _ = await desk.look()

    assert body.splitlines() == [b"%d" % number for number in range(50)]


async def test_another_leg_cannot_write_this_log(desk: Desk) -> None:
    stranger = Subject(SubjectKind.WORKER, "another", "worker")

    with pytest.raises(ForbiddenError):
        await desk.logs.append(desk.leg, VERSION, 0, b"x", by=stranger)


async def test_an_ended_log_is_sealed_and_its_chunks_are_gone(desk: Desk) -> None:
    await desk.append(0, b"all of it")
    await desk.end(1)
    assert isinstance(desk.outbox.events[-1], LogEnded)

    await desk.seal()

    left = await desk.session.scalar(text("SELECT count(*) FROM run_log_chunks"))
    assert left == 0
    assert await desk.read_all() == b"all of it"
    assert await desk.logs.to_seal(desk.run.id, VERSION, by=SYSTEM) is None


async def test_what_comes_after_the_sealing_is_there_too(desk: Desk) -> None:
    await desk.append(0, b"before ")
    await desk.logs.end_all(desk.run.id, by=SYSTEM)
    await desk.seal()

    await desk.append(1, b"after")
    assert await desk.read_all() == b"before after"
    await desk.end(2)
    await desk.seal()

    assert await desk.read_all() == b"before after"
    assert await desk.read_all(4) == b"re after"


@dataclass(frozen=True, slots=True)
class Overtaken(LogStore):
    """Between a look at the log and one at its chunks, another process seals it."""

    async def chunks_from(
        self, log: PhaseLog, offset: int, *, length: int
    ) -> Sequence[LogChunk]:
        await self.session.execute(
            text(
                "UPDATE run_logs SET sealed_key = 'theirs', sealed_chunks = 2,"
                " sealed_size = 9"
            )
        )
        await self.session.execute(text("DELETE FROM run_log_chunks WHERE number < 2"))
        return await LogStore.chunks_from(self, log, offset, length=length)


@pytest.mark.parametrize("chunks", [2, 3])
async def test_a_log_that_is_sealed_while_it_is_read_is_read_whole(
    desk: Desk, chunks: int
) -> None:
    """Nobody would wake the one who follows it, and a sealer would read for ever."""
    pieces = [b"all ", b"of it", b", and more"][:chunks]
    for number, piece in enumerate(pieces):
        await desk.append(number, piece)
    await desk.end(chunks)
    await desk.blobs.put(Bucket.RUN_LOGS, "theirs", b"all of it")
    desk.logs = replace(desk.logs, store=Overtaken(desk.session))

    async with asyncio.timeout(10):
        await desk.seal()

    sealed = set(desk.blobs.bodies.values()) - {b"all of it"}
    assert sealed <= {b"".join(pieces)}
    assert await desk.read_all() == b"".join(pieces)


async def test_who_follows_a_log_that_is_sealed_meanwhile_sees_its_end(
    desk: Desk,
) -> None:
    await desk.append(0, b"all ")
    await desk.append(1, b"of it")
    await desk.end(2)
    await desk.blobs.put(Bucket.RUN_LOGS, "theirs", b"all of it")
    desk.logs = replace(desk.logs, store=Overtaken(desk.session))

    assert await desk.look() == (b"all of it", True, True)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    pieces=st.lists(st.binary(min_size=1, max_size=300), max_size=8),
    offset=st.integers(0, 2000),
    sealed=st.integers(0, 8),
)
async def test_any_pieces_read_from_any_offset_are_the_same_bytes(
    session: AsyncSession, pieces: list[bytes], offset: int, sealed: int
) -> None:
    desk = Desk(session)
    await desk.begin()
    for number, piece in enumerate(pieces):
        await desk.append(number, piece)
        if number + 1 == sealed:
            await desk.logs.end_all(desk.run.id, by=SYSTEM)
            await desk.seal()

    assert await desk.read_all(offset) == b"".join(pieces)[offset:]
