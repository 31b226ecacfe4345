"""Do what schedules say, when they say it.

The tick only says what is due; each is then carried out by itself, so that one that
fails holds up no other.
"""

import structlog

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.errors import Kind, StackyardError
from stackyard.reactions.tools import Tools
from stackyard.runs import DriftFound
from stackyard.stacks import ScheduleDue

log = structlog.get_logger()


async def tell_due(tools: Tools) -> None:
    told = True
    while told:
        async with tools.open_unit() as unit:
            told = await unit.schedules.tell_due(by=SYSTEM) > 0


async def carry_out_schedule(tools: Tools, event: ScheduleDue) -> None:
    """Carry it out, or write down why it cannot be."""
    try:
        async with tools.open_unit() as unit:
            await unit.firings.fire(event.schedule_id, event.due, by=SYSTEM)
    except StackyardError as error:
        if error.kind is Kind.UNAVAILABLE:
            raise
        async with tools.open_unit() as unit:
            await unit.schedules.pass_over(
                event.schedule_id, event.due, str(error), by=SYSTEM
            )
        log.warning(
            "schedule.passed_over", schedule=event.schedule_id, reason=str(error)
        )


async def reconcile_drifted(tools: Tools, event: DriftFound) -> None:
    try:
        async with tools.open_unit() as unit:
            await unit.firings.reconcile(event.run_id, by=SYSTEM)
    except StackyardError as error:
        if error.kind is Kind.UNAVAILABLE:
            raise
        log.warning("drift.not_reconciled", run=event.run_id, reason=str(error))
