"""What people think of runs that wait."""

from collections.abc import Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.events import Outbox
from stackyard.kernel.ids import RunId, StackId
from stackyard.kernel.needs import needs
from stackyard.runs.errors import NothingToReviewError, RunNotFoundError
from stackyard.runs.events import RunReviewed
from stackyard.runs.review import Decision, RunReview, review
from stackyard.runs.review_store import ReviewStore
from stackyard.runs.service.notes import note_run
from stackyard.runs.service.requests import Runs
from stackyard.runs.store import RunStore
from stackyard.stacks import Stacks


@dataclass(frozen=True, slots=True)
class Reviews:
    store: ReviewStore
    run_store: RunStore
    stacks: Stacks
    runs: Runs
    access: Access
    outbox: Outbox
    clock: Clock
    trail: Trail

    @needs(Action.RUN_REVIEW)
    async def add(
        self,
        stack_id: StackId,
        run_id: RunId | None,
        decision: Decision,
        *,
        note: str | None,
        by: Subject,
    ) -> RunReview:
        """Keep one's word on a run; without its id, on the stack's blocker."""
        stack = await self.stacks.get(stack_id, by=by)
        await self.access.require(by, Action.RUN_REVIEW, space=stack.space_id)
        if run_id is None:
            run_id = await self._blocker(stack_id)
        run = await self.run_store.get(run_id, lock=True)
        if run.stack_id != stack_id:
            raise RunNotFoundError(run=run_id)
        given = review(run, decision, note=note, by=by, at=self.clock())
        await self.store.add(given)
        await self.outbox.add(
            RunReviewed(run_id=run.id, stack_id=stack_id, at=given.created_at)
        )
        await note_run(self.trail, decision.lower(), run, stack, by=by)
        return given

    @needs(Action.SPACE_READ)
    async def of_runs(
        self, run_ids: Sequence[RunId], *, by: Subject
    ) -> Sequence[RunReview]:
        """Return the reviews of those of these that *by* may read, newest first."""
        readable = await self.runs.some(run_ids, by=by)
        return await self.store.of_runs([run.id for run in readable])

    async def _blocker(self, stack_id: StackId) -> RunId:
        found = (await self.run_store.blockers([stack_id])).get(stack_id)
        if found is None:
            raise NothingToReviewError(stack=stack_id)
        return found.id
