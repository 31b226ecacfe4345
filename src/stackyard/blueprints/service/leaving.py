"""How a deployment goes: its stacks one after the other, those below first."""

from collections.abc import Sequence
from dataclasses import dataclass

from stackyard.blueprints.errors import DeploymentUsedError
from stackyard.blueprints.model.deployment import DeployedStack, Deployment
from stackyard.blueprints.store import DeploymentStore
from stackyard.kernel.access import SYSTEM, Subject
from stackyard.kernel.needs import Rule, needs
from stackyard.stacks import StackDependencies, Stacks


@dataclass(frozen=True, slots=True)
class Leaving:
    store: DeploymentStore
    stacks: Stacks  # those that may change what is deployed
    dependencies: StackDependencies

    @needs(Rule.PARENT)
    async def ensure_unused(
        self, placed: Sequence[DeployedStack], *, by: Subject
    ) -> None:
        """No stack elsewhere may depend on one of these."""
        ids = [one.stack_id for one in placed]
        below = await self.dependencies.on(ids, by=SYSTEM)
        used_by = {one.stack_id for several in below.values() for one in several}
        strangers = used_by.difference(ids)
        if strangers:
            known = await self.stacks.some(strangers, by=by)
            raise DeploymentUsedError(stacks=", ".join(sorted(known)) or "others")

    @needs(Rule.PARENT)
    async def let_go(self, deployment: Deployment, *, by: Subject) -> None:
        """Ask for those to go that no other of them depends on; again when one is gone.

        What each made is destroyed first. Who made nothing is known when it goes: what
        runs have told of is not all, if a worker was lost. Raises for one that a stack
        elsewhere depends on by now: it is known to have been asked.
        """
        placed = await self.store.stacks_of(deployment)
        ids = [one.stack_id for one in placed]
        stacks = await self.stacks.some(ids, by=by)
        below = await self.dependencies.on(ids, by=SYSTEM)
        for one in placed:
            stack = stacks.get(one.stack_id)  # None: gone a moment ago, with its place
            others = (other.stack_id for other in below.get(one.stack_id, ()))
            if stack is None or one.going or not stacks.keys().isdisjoint(others):
                continue
            one.going = True
            if not stack.deleting:
                await self.stacks.delete(one.stack_id, destroy_resources=True, by=by)
        await self.store.write()
