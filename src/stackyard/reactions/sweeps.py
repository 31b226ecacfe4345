"""The net below the path: what a lost message or a dead process left lying is found.

Nothing here is on the way of a run that goes well. Each sweep does a bounded amount,
and may be done by any drain, at any time, twice.
"""

import asyncio
from collections.abc import Awaitable
from random import SystemRandom
from typing import Final, TypeVar

import structlog

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.errors import StackyardError
from stackyard.kernel.ids import StackId
from stackyard.reactions.deletions import go_on_deleting
from stackyard.reactions.dispatch import advance, assign, let_through
from stackyard.reactions.tools import Tools
from stackyard.runs import CommitsSought

log = structlog.get_logger()
_random = SystemRandom()

SOUGHT_SECONDS: Final = 5.0  # and one answer more: less than lies between two sweeps
STACKS_AT_ONCE: Final = 8
T = TypeVar("T")


async def sweep_workers(tools: Tools) -> None:
    async with tools.open_unit() as unit:
        buried = await unit.workers.expire(tools.worker_lease, by=SYSTEM)
    if buried:
        log.warning("workers.buried", count=buried)


async def sweep_runs(tools: Tools) -> None:
    """Look again at everything that waits: gates, workers, deletions, logs.

    What cannot be helped now holds up nothing else, and nobody outside is asked here:
    the other ticks wait for this one.
    """
    async with tools.open_unit() as unit:
        stacks = await unit.dispatch.waiting_stacks(by=SYSTEM)
        pools = await unit.dispatch.waiting_pools(by=SYSTEM)
        going = await unit.deletions.waiting(by=SYSTEM)
        await unit.logs.end_forgotten(by=SYSTEM)
        logs = await unit.logs.unsealed(by=SYSTEM)
        overdue = await unit.dispatch.overdue_legs(by=SYSTEM)
    for leg_id in overdue:
        async with tools.open_unit() as unit:
            await unit.dispatch.undo_unaccepted(leg_id, by=SYSTEM)
    lacking = [
        one for one in stacks if await _tried(let_through(tools, one), stack=one)
    ]
    for pool_id in pools:
        await _tried(assign(tools, pool_id), pool=pool_id)
    for stack_id in going:
        await _tried(go_on_deleting(tools, stack_id), stack=stack_id)
    for run_id, version in logs:
        await _tried(tools.log_files.seal(run_id, version), run=run_id)
    async with tools.open_unit() as unit:
        await unit.dispatch.seek_commits(lacking, by=SYSTEM)


async def look_up_sought(tools: Tools, event: CommitsSought) -> None:
    """Ask for commits that were not to be had at first: some at once, not for long.

    In any order: who has no turn now may have one after the next sweep.
    """
    end = asyncio.get_running_loop().time() + SOUGHT_SECONDS
    room = asyncio.Semaphore(STACKS_AT_ONCE)

    async def look(stack_id: StackId) -> None:
        async with room:
            if asyncio.get_running_loop().time() < end:
                await _tried(advance(tools, stack_id), stack=stack_id)

    async with asyncio.TaskGroup() as group:
        for stack_id in _random.sample(event.stack_ids, len(event.stack_ids)):
            group.create_task(look(stack_id))


async def _tried(look: Awaitable[T], **about: str) -> T | None:
    """Return what a look at one thing shows; None if that cannot be helped now."""
    try:
        return await look
    except StackyardError as error:
        log.warning("sweep.passed_over", reason=type(error).__name__, **about)
        return None


async def vacuum_queue(tools: Tools) -> None:
    """Keep the queue's tables as small as what they hold."""
    await tools.queue_vacuum.run()


async def keep_up(tools: Tools) -> None:
    """Forget what is over: sessions, dead letters, ticks, remotes, packs."""
    async with tools.open_unit() as unit:
        await unit.api_keys.forget_old(by=SYSTEM)
        await unit.follows.forget_idle(by=SYSTEM)
        await unit.queue_upkeep.sweep()
    await tools.repository_upkeep.sweep(by=SYSTEM)
