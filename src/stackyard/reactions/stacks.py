"""A stack changed: what waited for that may go on."""

from stackyard.reactions.deletions import go_on_deleting
from stackyard.reactions.dispatch import advance
from stackyard.reactions.tools import Tools
from stackyard.stacks import StackDeletionRequested, StackEnabled, StackUpdated


async def advance_updated(tools: Tools, event: StackUpdated) -> None:
    await advance(tools, event.stack_id)


async def advance_enabled(tools: Tools, event: StackEnabled) -> None:
    await advance(tools, event.stack_id)


async def begin_deletion(tools: Tools, event: StackDeletionRequested) -> None:
    await go_on_deleting(tools, event.stack_id)
