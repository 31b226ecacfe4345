"""The bytes of logs between the database and object storage.

No transaction waits for the store: where bytes lie is one unit, to have them another
matter.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from stackyard.kernel.access import SYSTEM, Subject
from stackyard.kernel.blobs import BlobNotFoundError, Blobs, Bucket
from stackyard.kernel.ids import RunId, new_ulid
from stackyard.runs import PIECE, LogGapError, LogPart, PhaseLog, RunNotFoundError
from stackyard.unit import OpenUnit


@dataclass(frozen=True, slots=True)
class LogFiles:
    open_unit: OpenUnit
    blobs: Blobs

    async def read(
        self, run_id: RunId, state_version: int, *, offset: int, by: Subject
    ) -> LogPart:
        """Return what there is of the log from *offset* on, if *by* may read the run.

        An object that is gone has been replaced a moment ago: it is asked for anew.
        """
        try:
            return await self._read(run_id, state_version, offset=offset, by=by)
        except BlobNotFoundError:
            return await self._read(run_id, state_version, offset=offset, by=by)

    async def seal(self, run_id: RunId, state_version: int) -> None:
        """Write the object first, then the row that names it, then forget the chunks.

        A worker that was away may deliver more later: then this is done again, and the
        object before is deleted.
        """
        async with self.open_unit() as unit:
            log = await unit.logs.to_seal(run_id, state_version, by=SYSTEM)
        if log is None:
            return
        key = f"{run_id}/{state_version}/{new_ulid()}"
        try:
            await self.blobs.put_stream(Bucket.RUN_LOGS, key, self._whole(log))
        except RunNotFoundError:  # it was deleted with its stack
            return
        async with self.open_unit() as unit:
            old = await unit.logs.sealed(
                run_id,
                state_version,
                key=key,
                chunks=log.chunks,
                size=log.size,
                by=SYSTEM,
            )
        if old is not None:
            await self.blobs.delete(Bucket.RUN_LOGS, old)

    async def _read(
        self, run_id: RunId, state_version: int, *, offset: int, by: Subject
    ) -> LogPart:
        async with self.open_unit() as unit:
            run = await unit.runs.get(run_id, by=by)
            found = await unit.logs.read(run, state_version, offset=offset, by=by)
        if isinstance(found, LogPart):
            return found
        body = await self.blobs.get_range(
            Bucket.RUN_LOGS, found.key, start=offset, length=PIECE
        )
        return found.holding(body)

    async def _whole(self, log: PhaseLog) -> AsyncIterator[bytes]:
        """Yield the log, as long as it was when it was looked at, in pieces."""
        offset = 0
        while offset < log.size:
            part = await self.read(
                log.run_id, log.state_version, offset=offset, by=SYSTEM
            )
            if not part.body:
                raise LogGapError(expected=offset)
            yield part.body[: log.size - offset]
            offset = part.next_offset
