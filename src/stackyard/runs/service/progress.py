"""What every step of a run entails, whoever caused it."""

from dataclasses import dataclass

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.events import Outbox
from stackyard.kernel.needs import Rule, needs
from stackyard.runs.events import DriftFound, RunEnded, RunQueued
from stackyard.runs.model import Run, Transition
from stackyard.runs.states import RunType
from stackyard.runs.store import RunStore
from stackyard.runs.told import state_change
from stackyard.stacks import Stacks
from stackyard.webhooks import HookDeliveries


@dataclass(frozen=True, slots=True)
class Progress:
    store: RunStore
    stacks: Stacks
    hooks: HookDeliveries
    outbox: Outbox

    @needs(Rule.PARENT)
    async def begin(self, run: Run, first: Transition) -> None:
        await self.store.add(run, first)
        await self._tell(run, first)
        await self._show_on_stack(run, first)
        await self.outbox.add(
            RunQueued(run_id=run.id, stack_id=run.stack_id, at=run.created_at)
        )

    @needs(Rule.PARENT)
    async def record(self, run: Run, step: Transition) -> None:
        await self.store.record(run, step)
        await self._tell(run, step)
        await self._show_on_stack(run, step)
        if run.state.is_final:
            await self.outbox.add(
                RunEnded(run_id=run.id, stack_id=run.stack_id, at=step.at)
            )
        if run.has_found_drift:
            await self.outbox.add(
                DriftFound(run_id=run.id, stack_id=run.stack_id, at=step.at)
            )

    async def _tell(self, run: Run, step: Transition) -> None:
        """Say so to the webhooks of the project, if it has any."""
        listening = await self.hooks.listening(run.stack_id, by=SYSTEM)
        if listening:
            project = await self.stacks.project(run.stack_id, by=SYSTEM)
            about = f"{run.id}/{step.version}"
            told = state_change(run, step, project)
            await self.hooks.offer(listening, about, told, by=SYSTEM)

    async def _show_on_stack(self, run: Run, step: Transition) -> None:
        """A stack shows the state of its newest tracked run."""
        if run.type is RunType.TRACKED and await self.store.is_latest(run):
            await self.stacks.record_state(
                run.stack_id, str(run.state), at=step.at, by=SYSTEM
            )
