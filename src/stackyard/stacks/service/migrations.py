"""How stacks go over from one tool to another."""

from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.events import Outbox
from stackyard.kernel.ids import StackId
from stackyard.kernel.needs import needs
from stackyard.stacks.errors import StackProblemsError
from stackyard.stacks.events import StackUpdated
from stackyard.stacks.model.migration import VendorMigration
from stackyard.stacks.model.rules import label_problems
from stackyard.stacks.model.stack import Stack
from stackyard.stacks.service.stacks import Stacks
from stackyard.stacks.store import StackStore


@dataclass(frozen=True, slots=True)
class VendorMigrations:
    store: StackStore
    stacks: Stacks
    access: Access
    outbox: Outbox
    clock: Clock
    trail: Trail

    @needs(Action.STACK_UPDATE)
    async def migrate(
        self, stack_id: StackId, migration: VendorMigration, *, by: Subject
    ) -> Stack:
        """Let it go over to another tool; asking once more changes nothing."""
        stack = await self.stacks.get(stack_id, by=by, lock=True)
        await self.access.require(by, Action.STACK_UPDATE, space=stack.space_id)
        await self.stacks.neighbours.ensure_own(stack_id)
        at = self.clock()
        problems = [*label_problems(migration.labels or ())]
        problems = problems or stack.migrate(migration, at=at)
        if problems:
            raise StackProblemsError(*problems)
        await self.store.write(stack)
        await self.outbox.add(StackUpdated(stack_id=stack.id, at=at))
        await self.trail.note(
            "stack.migrate_vendor",
            stack.resource(),
            space=stack.space_id,
            facts={"ID": stack.id, "TargetVendor": str(migration.target)},
            by=by,
        )
        return stack
