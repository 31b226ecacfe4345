"""All SQL about logs. No count, no row per line: chunks and offsets."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import RunId
from stackyard.runs.leg import Leg
from stackyard.runs.log_model import LogChunk, PhaseLog
from stackyard.runs.store import LIVE_CHANNEL
from stackyard_protocol.report import MAX_CHUNK


@dataclass(frozen=True, slots=True)
class LogStore:
    session: AsyncSession

    async def find(
        self, run_id: RunId, state_version: int, *, lock: bool = False
    ) -> PhaseLog | None:
        return await self.session.get(
            PhaseLog,
            (run_id, state_version),
            with_for_update=lock,
            populate_existing=lock,
        )

    async def look_again(self, log: PhaseLog) -> None:
        """Read what others have made of it since it was found."""
        await self.session.refresh(log)

    async def open(self, run_id: RunId, state_version: int) -> PhaseLog:
        """Return the phase's log, locked, made if this is its first chunk."""
        log = await self.find(run_id, state_version, lock=True)
        if log is None:
            await self.make(run_id, state_version)
            log = await self.find(run_id, state_version, lock=True)
        assert log is not None  # noqa: S101 - made above, in this transaction
        return log

    async def make(self, run_id: RunId, state_version: int) -> None:
        """Say that there is a log, if nobody has yet."""
        await self.session.execute(
            insert(PhaseLog)
            .values(
                run_id=run_id,
                state_version=state_version,
                chunks=0,
                size=0,
                ended=False,
                sealed_chunks=0,
                sealed_size=0,
            )
            .on_conflict_do_nothing()
        )

    async def of_run(self, run_id: RunId, *, lock: bool = False) -> Sequence[PhaseLog]:
        query = select(PhaseLog).where(PhaseLog.run_id == run_id)
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return (await self.session.scalars(query)).all()

    async def versions_with_logs(
        self, run_ids: Sequence[RunId]
    ) -> set[tuple[RunId, int]]:
        query = select(PhaseLog.run_id, PhaseLog.state_version).where(
            PhaseLog.run_id.in_(run_ids), or_(PhaseLog.size > 0, ~PhaseLog.ended)
        )
        return {(run, version) for run, version in await self.session.execute(query)}

    async def chunks_from(
        self, log: PhaseLog, offset: int, *, length: int
    ) -> Sequence[LogChunk]:
        """Return the chunks with the *length* bytes from *offset* on, in order."""
        query = (
            select(LogChunk)
            .where(
                LogChunk.run_id == log.run_id,
                LogChunk.state_version == log.state_version,
                LogChunk.start > offset - MAX_CHUNK,  # what the index can use
                LogChunk.start < offset + length,
                LogChunk.start + func.octet_length(LogChunk.body) > offset,
            )
            .order_by(LogChunk.number)
        )
        return (await self.session.scalars(query)).all()

    async def forget_sealed(self, log: PhaseLog) -> None:
        await self.session.execute(
            delete(LogChunk).where(
                LogChunk.run_id == log.run_id,
                LogChunk.state_version == log.state_version,
                LogChunk.number < log.sealed_chunks,
            )
        )

    async def runs_with_open_logs(
        self, ended_before: datetime, *, limit: int
    ) -> Sequence[RunId]:
        """Return runs whose last leg ended before that, and whose logs have not."""
        legs = (
            select(Leg.run_id)
            .where(Leg.run_id == PhaseLog.run_id)
            .where(or_(Leg.ended_at.is_(None), Leg.ended_at >= ended_before))
        )
        query = (
            select(PhaseLog.run_id)
            .where(~PhaseLog.ended, ~legs.exists())
            .distinct()
            .limit(limit)
        )
        return (await self.session.scalars(query)).all()

    async def unsealed(self, *, limit: int) -> Sequence[tuple[RunId, int]]:
        """Return ended logs that are still in chunks: their sealing was lost."""
        query = (
            select(PhaseLog.run_id, PhaseLog.state_version)
            .where(PhaseLog.ended, PhaseLog.sealed_chunks < PhaseLog.chunks)
            .limit(limit)
        )
        return [(run, version) for run, version in await self.session.execute(query)]

    def add(self, chunk: LogChunk) -> None:
        self.session.add(chunk)

    async def announce(self, log: PhaseLog) -> None:
        """Wake whoever watches, when we commit."""
        note = {"run": log.run_id, "what": "log", "version": log.state_version}
        await self.session.execute(
            select(func.pg_notify(LIVE_CHANNEL, json.dumps(note)))
        )
