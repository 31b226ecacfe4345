"""What is shown of a deployment: its stacks, and how far they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from stackyard.blueprints.model.deployment import Deployed, Deployment
from stackyard.blueprints.model.progress import StackProgress, state_of
from stackyard.blueprints.store import DeploymentStore
from stackyard.kernel.access import Subject
from stackyard.kernel.ids import StackId
from stackyard.kernel.needs import Rule, needs
from stackyard.runs import Runs, RunState
from stackyard.stacks import Stacks


@dataclass(frozen=True, slots=True)
class Showing:
    store: DeploymentStore
    stacks: Stacks
    runs: Runs

    @needs(Rule.PARENT)
    async def shown(self, deployment: Deployment, *, by: Subject) -> Deployed:
        placed = await self.store.stacks_of(deployment)
        stacks = await self.stacks.some([one.stack_id for one in placed], by=by)
        # one may have gone between these two queries: its place goes with it
        placed = [one for one in placed if one.stack_id in stacks]
        ids = [one.stack_id for one in placed]
        runs = await self._newest_runs(ids, by=by)
        progress = [
            StackProgress(
                going=one.going,
                deleting=stacks[one.stack_id].deleting,
                run=runs.get(one.stack_id),
            )
            for one in placed
        ]
        state = state_of(progress, leaving=deployment.deletion_requested_at is not None)
        inputs = await self.store.inputs_of(deployment)
        return Deployed(deployment, inputs, [stacks[one] for one in ids], state)

    async def _newest_runs(
        self, stack_ids: Sequence[StackId], *, by: Subject
    ) -> dict[StackId, RunState]:
        newest = await self.runs.newest(stack_ids, by=by)
        runs = await self.runs.some(list(newest.values()), by=by)
        return {run.stack_id: run.state for run in runs}
