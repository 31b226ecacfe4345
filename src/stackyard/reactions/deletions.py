"""Let a stack go that is to be deleted, as far as that can be done now."""

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import StackId
from stackyard.reactions.tools import Tools
from stackyard.runs import Looked


async def go_on_deleting(tools: Tools, stack_id: StackId) -> None:
    """Its state is in the object store: it is looked into between two units."""
    async with tools.open_unit() as unit:
        state = await unit.deletions.go_on(stack_id, by=SYSTEM)
    if state is None:
        return
    looked = Looked(state.id, await tools.state_files.is_bare(state))
    async with tools.open_unit() as unit:
        await unit.deletions.go_on(stack_id, looked=looked, by=SYSTEM)
