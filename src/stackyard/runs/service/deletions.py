"""How a stack goes: first what waits is discarded, then what it made is destroyed.

Called again after every run of a stack that is to be deleted; each call does what can
be done now.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.ids import ROOT, StackId
from stackyard.kernel.needs import Rule, needs
from stackyard.runs.service.requests import Runs
from stackyard.runs.service.triggers import Triggers
from stackyard.runs.states import DISCARDABLE, RunState, RunType
from stackyard.runs.store import RunStore
from stackyard.stacks import Stack, Stacks
from stackyard.state import States, StateVersion


@dataclass(frozen=True, slots=True)
class Looked:
    """A state that was looked into: it is of nothing, or of something."""

    version_id: str
    is_bare: bool


@dataclass(frozen=True, slots=True)
class Deletions:
    store: RunStore
    stacks: Stacks
    runs: Runs
    triggers: Triggers
    states: States
    access: Access

    @needs(Rule.PLATFORM)
    async def waiting(self, *, by: Subject) -> Sequence[StackId]:
        """Return the stacks that are to go: what the sweeper looks at."""
        return await self.stacks.deleting(by=by)

    @needs(Rule.PLATFORM)
    async def go_on(
        self, stack_id: StackId, *, by: Subject, looked: Looked | None = None
    ) -> StateVersion | None:
        """Do what can be done now.

        Return a state that is to be looked into first, outside of any transaction; then
        this is to be called again with what was seen.
        """
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        await self.store.lock_stack(stack_id)  # or two would see to it at once
        stack = await self.stacks.find(stack_id, by=by)
        if stack is None or not stack.deleting:
            return None
        if await self._has_runs_left(stack_id, by=by):
            return None  # called again when they have ended
        if not stack.destroy_on_delete:
            await self.stacks.purge(stack_id, by=by)
            return None
        last = await self.store.latest_of(stack_id, RunType.DESTROY)
        asked_at = stack.deletion_requested_at
        if last is None or (asked_at is not None and last.created_at < asked_at):
            return await self._destroy(stack, looked, by=by)
        if last.state is RunState.FINISHED:
            await self.stacks.purge(stack_id, by=by)
        else:  # it stays, with what could not be destroyed
            await self.stacks.keep(stack_id, by=by)
        return None

    async def _has_runs_left(self, stack_id: StackId, *, by: Subject) -> bool:
        """Discard what waits; say whether anything is still going on."""
        is_left = False
        for run in await self.store.unfinished(stack_id):
            if run.state in DISCARDABLE and run.type is not RunType.DESTROY:
                await self.runs.discard(stack_id, run.id, by=by)
            else:
                is_left = True
        return is_left

    async def _destroy(
        self, stack: Stack, looked: Looked | None, *, by: Subject
    ) -> StateVersion | None:
        """Have destroyed what it made; who made nothing has to wait for no worker."""
        is_known = stack.manages_state
        if is_known and not await self.states.has_resources(stack.id, by=by):
            state = await self.states.current(stack.id, by=by)
            if state is not None and looked is None:
                return state
            if state is None or looked == Looked(state.id, is_bare=True):
                await self.stacks.purge(stack.id, by=by)
                return None
        await self.triggers.destroy(stack.id, by=by)
        return None
