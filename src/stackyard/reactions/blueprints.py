"""A deployment goes with the last of its stacks."""

from stackyard.kernel.access import SYSTEM
from stackyard.reactions.tools import Tools
from stackyard.stacks import StackDeleted


async def forget_emptied(tools: Tools, _event: StackDeleted) -> None:
    async with tools.open_unit() as unit:
        await unit.template_deployments.forget_emptied(by=SYSTEM)
