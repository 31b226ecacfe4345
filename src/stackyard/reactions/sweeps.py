"""The net below the path: what a lost message or a dead process left lying is found.

Nothing here is on the way of a run that goes well. Each sweep does a bounded amount,
and may be done by any drain, at any time, twice.
"""

import structlog

from stackyard.kernel.access import SYSTEM
from stackyard.reactions.dispatch import advance, assign
from stackyard.reactions.logs import seal
from stackyard.reactions.tools import Tools

log = structlog.get_logger()


async def sweep_workers(tools: Tools) -> None:
    async with tools.open_unit() as unit:
        buried = await unit.workers.expire(tools.worker_lease, by=SYSTEM)
    if buried:
        log.warning("workers.buried", count=buried)


async def sweep_runs(tools: Tools) -> None:
    """Look again at everything that waits: gates, workers, deletions, logs."""
    async with tools.open_unit() as unit:
        stacks = await unit.dispatch.waiting_stacks(by=SYSTEM)
        pools = await unit.dispatch.waiting_pools(by=SYSTEM)
        await unit.logs.end_forgotten(by=SYSTEM)
        logs = await unit.logs.unsealed(by=SYSTEM)
        overdue = await unit.dispatch.overdue_legs(by=SYSTEM)
    for leg_id in overdue:
        async with tools.open_unit() as unit:
            await unit.dispatch.undo_unaccepted(leg_id, by=SYSTEM)
    for stack_id in stacks:
        await advance(tools, stack_id)
    for pool_id in pools:
        await assign(tools, pool_id)
    for run_id, version in logs:
        await seal(tools, run_id, version)


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
