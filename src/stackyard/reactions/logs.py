"""Turn the log of a phase that has ended into one object."""

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.blobs import Bucket
from stackyard.kernel.ids import RunId, new_ulid
from stackyard.reactions.tools import Tools
from stackyard.runs import LogEnded


async def seal_ended(tools: Tools, event: LogEnded) -> None:
    await seal(tools, event.run_id, event.state_version)


async def seal(tools: Tools, run_id: RunId, state_version: int) -> None:
    """Write the object first, then the row that names it, then forget the chunks.

    A worker that was away may deliver more later: then this is done again, and the
    object before is deleted.
    """
    async with tools.open_unit() as unit:
        log = await unit.logs.to_seal(run_id, state_version, by=SYSTEM)
        if log is None:
            return
        key = f"{run_id}/{state_version}/{new_ulid()}"
        await tools.blobs.put_stream(
            Bucket.RUN_LOGS, key, unit.logs.whole(log, by=SYSTEM)
        )
    async with tools.open_unit() as unit:
        old = await unit.logs.sealed(
            run_id,
            state_version,
            key=key,
            chunks=log.chunks,
            size=log.size,
            by=SYSTEM,
        )
    if old is not None:
        await tools.blobs.delete(Bucket.RUN_LOGS, old)
