"""The logs of runs: taken in chunks, read by offset, kept as one object."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from stackyard.kernel.access import Access, Action, Subject, SubjectKind
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import ForbiddenError
from stackyard.kernel.events import Outbox
from stackyard.kernel.ids import ROOT, RunId
from stackyard.kernel.needs import Rule, needs, note_asked
from stackyard.runs.errors import ChunkTooLargeError
from stackyard.runs.events import LogEnded
from stackyard.runs.leg import Leg
from stackyard.runs.log_model import PhaseLog
from stackyard.runs.log_store import LogStore
from stackyard.runs.model import Run
from stackyard.stacks import Stacks
from stackyard_protocol.report import MAX_CHUNK, LogEnd

# A worker that was away delivers within this after its leg, or later all the same:
# then the log is ended once more.
FORGOTTEN = timedelta(minutes=15)
PIECE = 1024 * 1024  # how much of a log is read at once


@dataclass(frozen=True, slots=True)
class LogPart:
    """Bytes of a log from an offset, and whether anything can follow them."""

    body: bytes
    next_offset: int
    exists: bool
    finished: bool


@dataclass(frozen=True, slots=True)
class SealedPart:
    """Where the bytes of a log from an offset lie: in an object, outside of any
    transaction.
    """

    key: str
    offset: int
    size: int  # of the whole log
    ended: bool

    def holding(self, body: bytes) -> LogPart:
        """Return the part, whose bytes were found to be *body*."""
        reached = self.offset + len(body)
        is_last = self.ended and reached >= self.size
        return LogPart(body, reached, exists=True, finished=is_last)


@dataclass(frozen=True, slots=True)
class RunLogs:
    store: LogStore
    stacks: Stacks
    access: Access
    outbox: Outbox
    clock: Clock

    @needs(Rule.WORKER)
    async def append(
        self, leg: Leg, state_version: int, number: int, body: bytes, *, by: Subject
    ) -> None:
        """Take one chunk. One that is here already is fine; a gap is `LogGapError`.

        Chunks are taken from a leg that has ended as well: a worker that was away
        delivers late rather than never.
        """
        _ensure_own(leg, by)
        if len(body) > MAX_CHUNK:
            raise ChunkTooLargeError(size=len(body), limit=MAX_CHUNK)
        log = await self.store.open(leg.run_id, state_version)
        chunk = log.take(number, body)
        if chunk is not None:
            self.store.add(chunk)
            await self.store.announce(log)

    @needs(Rule.WORKER)
    async def expect(self, leg: Leg, state_version: int, *, by: Subject) -> None:
        """The state has printed something: whoever follows its log waits for it."""
        _ensure_own(leg, by)
        await self.store.make(leg.run_id, state_version)

    @needs(Rule.WORKER)
    async def end(
        self, leg: Leg, state_version: int, end: LogEnd, *, by: Subject
    ) -> None:
        _ensure_own(leg, by)
        log = await self.store.open(leg.run_id, state_version)
        log.end(chunks=end.chunks)
        await self._ended(log)

    @needs(Rule.PLATFORM)
    async def end_all(self, run_id: RunId, *, by: Subject) -> None:
        """The worker is gone: what is here is what there is, for now."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        for log in await self.store.of_run(run_id, lock=True):
            if not log.ended:
                log.ended = True
                await self._ended(log)

    @needs(Action.SPACE_READ)
    async def read(
        self, run: Run, state_version: int, *, offset: int, by: Subject
    ) -> LogPart | SealedPart:
        """Return what there is from *offset* on: `PIECE` bytes and the chunk's rest."""
        await self.stacks.project(run.stack_id, by=by)
        log = await self.store.find(run.id, state_version)
        if log is None:
            moved_on = run.state.is_final or run.state_version > state_version
            return LogPart(b"", offset, exists=False, finished=moved_on)
        body = await self._chunks(log, offset)
        if not body and offset < log.size:  # sealed since: its chunks are gone
            await self.store.look_again(log)
        if log.sealed_key is not None and offset < log.sealed_size:
            return SealedPart(log.sealed_key, offset, log.size, log.ended)
        reached = offset + len(body)
        return LogPart(
            body, reached, exists=True, finished=log.ended and reached >= log.size
        )

    @needs(Action.SPACE_READ)
    async def versions_with_logs(
        self, runs: Sequence[Run], *, by: Subject
    ) -> set[tuple[RunId, int]]:
        """Return which states of those runs that *by* may read printed anything."""
        projects = await self.stacks.projects({run.stack_id for run in runs}, by=by)
        readable = [run.id for run in runs if run.stack_id in projects]
        return await self.store.versions_with_logs(readable)

    @needs(Rule.PLATFORM)
    async def to_seal(
        self, run_id: RunId, state_version: int, *, by: Subject
    ) -> PhaseLog | None:
        """Return the log if parts of it are still chunks."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        log = await self.store.find(run_id, state_version)
        return log if log is not None and log.ended and log.unsealed else None

    @needs(Rule.PLATFORM)
    async def sealed(
        self,
        run_id: RunId,
        state_version: int,
        *,
        key: str,
        chunks: int,
        size: int,
        by: Subject,
    ) -> str | None:
        """Say that the first *chunks* are one object now; return the object before."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        log = await self.store.find(run_id, state_version, lock=True)
        if log is None or log.sealed_chunks >= chunks:
            return key  # somebody was faster: ours is not needed
        old, log.sealed_key = log.sealed_key, key
        log.sealed_chunks, log.sealed_size = chunks, size
        await self.store.forget_sealed(log)
        return old

    @needs(Rule.PLATFORM)
    async def end_forgotten(self, *, by: Subject) -> None:
        """End logs whose worker is gone for good: nobody waits for them for ever."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        silent_since = self.clock() - FORGOTTEN
        for run_id in await self.store.runs_with_open_logs(silent_since, limit=100):
            await self.end_all(run_id, by=by)

    @needs(Rule.PLATFORM)
    async def unsealed(self, *, by: Subject) -> list[tuple[RunId, int]]:
        """Return logs whose sealing was lost somewhere: what the sweeper looks at."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        return list(await self.store.unsealed(limit=100))

    async def _chunks(self, log: PhaseLog, offset: int) -> bytes:
        if offset < log.sealed_size:
            return b""
        chunks = await self.store.chunks_from(log, offset, length=PIECE)
        if not chunks or chunks[0].start > offset:
            return b""
        return b"".join(chunk.body for chunk in chunks)[offset - chunks[0].start :]

    async def _ended(self, log: PhaseLog) -> None:
        await self.store.announce(log)
        await self.outbox.add(
            LogEnded(
                run_id=log.run_id, state_version=log.state_version, at=self.clock()
            )
        )


def _ensure_own(leg: Leg, by: Subject) -> None:
    note_asked(Rule.WORKER)
    if by.kind is not SubjectKind.WORKER or by.id != leg.id:
        raise ForbiddenError(leg=leg.id)
