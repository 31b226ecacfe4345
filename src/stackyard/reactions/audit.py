"""The trail goes on: what was written down is sealed, and sent to whoever wants it.

The endpoint is somebody's: it may be slow, or away for days. So it is called from the
lane of events, one thing at a time, and after a failure all of them wait.
"""

from datetime import datetime
from typing import Final

import structlog

from stackyard.audit import DeliveriesDue, EntriesRecorded
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.deliveries import POST_SECONDS
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import RunId
from stackyard.reactions.tools import Tools
from stackyard.runs import RunConfirmed, RunEnded, RunQueued, RunState

log = structlog.get_logger()

MOST_AT_ONCE: Final = 10  # then whoever else waits in the lane has a turn


async def seal_recorded(tools: Tools, _event: EntriesRecorded) -> None:
    await _seal(tools)


async def deliver_due(tools: Tools, _event: DeliveriesDue) -> None:
    """Send what is due, in its order, until one fails; then that is enough for now."""
    for _ in range(MOST_AT_ONCE):
        async with tools.open_unit() as unit:
            outgoing = await unit.audit_webhooks.claim(by=SYSTEM)
        if outgoing is None:
            return
        posted = await tools.poster.post(
            outgoing.url, outgoing.body, outgoing.headers, seconds=POST_SECONDS
        )
        async with tools.open_unit() as unit:
            if not await unit.audit_webhooks.answered(outgoing.id, posted, by=SYSTEM):
                log.warning("audit.not_delivered", reason=posted.said)
                return
    async with tools.open_unit() as unit:
        await unit.audit_webhooks.tell_due(by=SYSTEM)


async def offer_queued(tools: Tools, event: RunQueued) -> None:
    await _offer(tools, event.run_id, RunState.QUEUED, event.at)


async def offer_confirmed(tools: Tools, event: RunConfirmed) -> None:
    await _offer(tools, event.run_id, RunState.CONFIRMED, event.at)


async def offer_ended(tools: Tools, event: RunEnded) -> None:
    await _offer(tools, event.run_id, None, event.at)


async def catch_up(tools: Tools) -> None:
    """The net below the queue: seal and send what no message came for."""
    async with tools.open_unit() as unit:
        overdue = await unit.audit_sealing.is_overdue(by=SYSTEM)
        await unit.audit_webhooks.tell_due(by=SYSTEM)
    if overdue:
        await _seal(tools)


async def forget_old(tools: Tools) -> None:
    """Let go of old entries, a batch per transaction, and of the log of deliveries."""
    go_on = True
    while go_on:
        async with tools.open_unit() as unit:
            go_on = await unit.audit_sealing.forget(tools.audit_retention, by=SYSTEM)
    async with tools.open_unit() as unit:
        await unit.audit_webhooks.forget(by=SYSTEM)


async def _seal(tools: Tools) -> None:
    async with tools.open_unit() as unit:
        await unit.audit_sealing.seal(by=SYSTEM)


async def _offer(
    tools: Tools, run_id: RunId, state: RunState | None, at: datetime
) -> None:
    """Offer the webhook a run's *state*; None is the one that it ended in."""
    async with tools.open_unit() as unit:
        if not await unit.audit_webhooks.wants_runs(by=SYSTEM):
            return
        try:
            run = await unit.runs.get(run_id, by=SYSTEM)
        except NotFoundError:  # deleted with its stack
            return
        data = {
            "ID": run.id,
            "StackID": run.stack_id,
            "State": str(state or run.state),
            "Type": str(run.type),
            "TriggeredBy": run.triggered_by,
        }
        await unit.audit_webhooks.offer_run(
            data, actor=f"run::{run.stack_id}/{run.id}", at=at, by=SYSTEM
        )
