"""A deployment goes with its stacks, one after the other."""

from stackyard.kernel.access import SYSTEM
from stackyard.reactions.tools import Tools
from stackyard.stacks import StackDeleted


async def undeploy(tools: Tools, _event: StackDeleted) -> None:
    async with tools.open_unit() as unit:
        await unit.template_deployments.go_on(by=SYSTEM)
