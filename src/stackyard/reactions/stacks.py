"""A stack changed: what waited for that may go on."""

from stackyard.kernel.access import SYSTEM
from stackyard.reactions.dispatch import advance
from stackyard.reactions.tools import Tools
from stackyard.stacks import StackDeletionRequested, StackEnabled, StackUpdated


async def advance_updated(tools: Tools, event: StackUpdated) -> None:
    await advance(tools, event.stack_id)


async def advance_enabled(tools: Tools, event: StackEnabled) -> None:
    await advance(tools, event.stack_id)


async def begin_deletion(tools: Tools, event: StackDeletionRequested) -> None:
    async with tools.open_unit() as unit:
        await unit.deletions.go_on(event.stack_id, by=SYSTEM)
