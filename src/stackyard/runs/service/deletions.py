"""How a stack goes: first what waits is discarded, then what it made is destroyed.

Called again after every run of a stack that is to be deleted; each call does what can
be done now.
"""

from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.ids import ROOT, StackId
from stackyard.kernel.needs import Rule, needs
from stackyard.runs.service.requests import Runs
from stackyard.runs.service.triggers import Triggers
from stackyard.runs.states import DISCARDABLE, RunState, RunType
from stackyard.runs.store import RunStore
from stackyard.stacks import Stacks


@dataclass(frozen=True, slots=True)
class Deletions:
    store: RunStore
    stacks: Stacks
    runs: Runs
    triggers: Triggers
    access: Access

    @needs(Rule.PLATFORM)
    async def go_on(self, stack_id: StackId, *, by: Subject) -> None:
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        stack = await self.stacks.find(stack_id, by=by)
        if stack is None or not stack.deleting:
            return
        left = []
        for run in await self.store.unfinished(stack_id):
            if run.state in DISCARDABLE and run.type is not RunType.DESTROY:
                await self.runs.discard(stack_id, run.id, by=by)
            else:
                left.append(run)
        if left:
            return  # called again when they have ended
        if not stack.destroy_on_delete:
            await self.stacks.purge(stack_id, by=by)
            return
        last = await self.store.latest_of(stack_id, RunType.DESTROY)
        asked_at = stack.deletion_requested_at
        if last is None or (asked_at is not None and last.created_at < asked_at):
            await self.triggers.destroy(stack_id, by=by)
        elif last.state is RunState.FINISHED:
            await self.stacks.purge(stack_id, by=by)
        else:  # it stays, with what could not be destroyed
            await self.stacks.keep(stack_id, by=by)
