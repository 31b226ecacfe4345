"""What people and API keys see of runs, and decide about them.

Every use case reads the same way: load, ask leave, decide, tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.events import Outbox
from stackyard.kernel.ids import PoolId, RunId, StackId
from stackyard.kernel.needs import needs
from stackyard.runs.errors import (
    RunNotFoundError,
    StackBeingDeletedError,
    StackDisabledError,
    StackLockedByOtherError,
)
from stackyard.runs.events import RunConfirmed, RunReplanRequested, RunStopRequested
from stackyard.runs.model import Run, Transition
from stackyard.runs.service.notes import note_run
from stackyard.runs.service.progress import Progress
from stackyard.runs.states import DISCARDABLE, RunType
from stackyard.runs.store import RunStore
from stackyard.stacks import Project, Stack, Stacks
from stackyard.workers import Pools
from stackyard_protocol.report import Change

PAGE = 50


@dataclass(frozen=True, slots=True)
class Runs:
    store: RunStore
    stacks: Stacks
    pools: Pools
    progress: Progress
    access: Access
    outbox: Outbox
    clock: Clock
    trail: Trail

    @needs(Action.SPACE_READ)
    async def get(self, run_id: RunId, *, by: Subject) -> Run:
        run = await self.store.get(run_id)
        try:
            await self.stacks.project(run.stack_id, by=by)
        except NotFoundError:  # and never: its stack does not exist
            raise RunNotFoundError(run=run_id) from None
        return run

    @needs(Action.SPACE_READ)
    async def of_stacks(
        self,
        stack_ids: Sequence[StackId],
        types: Sequence[RunType],
        *,
        by: Subject,
        before: RunId | None = None,
    ) -> dict[StackId, list[Run]]:
        """Return a page of runs of each of these stacks that *by* may read.

        Newest first; *before* is the last id seen.
        """
        readable = await self._readable(stack_ids, by)
        found: dict[StackId, list[Run]] = {stack: [] for stack in readable}
        for run in await self.store.of_stacks(
            readable, types, before=before, limit=PAGE
        ):
            found[run.stack_id].append(run)
        return found

    @needs(Action.SPACE_READ)
    async def some(self, run_ids: Sequence[RunId], *, by: Subject) -> Sequence[Run]:
        """Return those of these runs that *by* may read."""
        runs = await self.store.some(run_ids)
        projects = await self.stacks.projects({run.stack_id for run in runs}, by=by)
        return [run for run in runs if run.stack_id in projects]

    @needs(Action.SPACE_READ)
    async def changes(
        self, run_ids: Sequence[RunId], *, by: Subject
    ) -> dict[RunId, list[Change]]:
        """Return what those of these runs that *by* may read would change."""
        readable = await self.some(run_ids, by=by)
        return await self.store.changes([run.id for run in readable])

    @needs(Action.SPACE_READ)
    async def of(self, stack_id: StackId, run_id: RunId, *, by: Subject) -> Run:
        """Return the run if it is one of this stack."""
        return await self._run_of(stack_id, run_id, by=by, lock=False)

    @needs(Action.SPACE_READ)
    async def history(
        self, run_ids: Sequence[RunId], *, by: Subject
    ) -> Sequence[Transition]:
        """Return what those of these runs went through that *by* may read.

        Newest first, one run after the other.
        """
        readable = await self.some(run_ids, by=by)
        return await self.store.history([run.id for run in readable])

    @needs(Action.SPACE_READ)
    async def blockers(
        self, stack_ids: Sequence[StackId], *, by: Subject
    ) -> dict[StackId, Run]:
        """Return the run that each of these stacks that *by* may read is blocked by."""
        return await self.store.blockers(await self._readable(stack_ids, by))

    @needs(Action.SPACE_READ)
    async def newest(
        self, stack_ids: Sequence[StackId], *, by: Subject
    ) -> dict[StackId, RunId]:
        """Return the newest tracked run of each of these that *by* may read."""
        return await self.store.newest(await self._readable(stack_ids, by))

    @needs(Action.SPACE_READ)
    async def waiting_counts(
        self, pool_ids: Sequence[PoolId], *, by: Subject
    ) -> dict[PoolId, int]:
        """Return how many runs wait for a worker of each pool that *by* may read."""
        pools = await self.pools.some(pool_ids, by=by)
        return await self.store.waiting_counts(list(pools))

    @needs(Action.RUN_CONFIRM)
    async def confirm(
        self,
        stack_id: StackId,
        run_id: RunId,
        *,
        by: Subject,
        user_metadata: str | None = None,
    ) -> Run:
        """Let an unconfirmed run go on to change real infrastructure."""
        run = await self._run_of(stack_id, run_id, by=by)
        await self._require(run, Action.RUN_CONFIRM, Action.RUN_CONFIRM, by=by)
        stack = await self.open_stack(stack_id, by=by)
        at = self.clock()
        await self.progress.record(run, run.confirm(by=by.name, at=at))
        if user_metadata:
            run.user_metadata = [*run.user_metadata, user_metadata]
        if run.pool_id is not None:
            await self.outbox.add(
                RunConfirmed(run_id=run.id, pool_id=run.pool_id, at=at)
            )
        await note_run(self.trail, "confirm", run, stack, by=by)
        return run

    @needs(Action.RUN_TARGETED_REPLAN)
    async def replan(
        self,
        stack_id: StackId,
        run_id: RunId,
        targets: Sequence[str],
        *,
        by: Subject,
    ) -> Run:
        """Have an unconfirmed run planned anew, for these addresses only."""
        action = Action.RUN_TARGETED_REPLAN
        run = await self._run_of(stack_id, run_id, by=by)
        await self._require(run, action, action, by=by)
        stack = await self.open_stack(stack_id, by=by)
        at = self.clock()
        step = run.request_replan(targets, by=by.name, at=at)
        await self.progress.record(run, step)
        if run.pool_id is not None:
            await self.outbox.add(
                RunReplanRequested(run_id=run.id, pool_id=run.pool_id, at=at)
            )
        await note_run(self.trail, "targeted_replan", run, stack, by=by)
        return run

    @needs(Action.RUN_DISCARD)
    async def discard(self, stack_id: StackId, run_id: RunId, *, by: Subject) -> Run:
        run = await self._run_of(stack_id, run_id, by=by)
        stack = await self._require(run, Action.RUN_DISCARD, Action.RUN_DISCARD, by=by)
        await self.progress.record(run, run.discard(by=by.name, at=self.clock()))
        await note_run(self.trail, "discard", run, stack, by=by)
        return run

    @needs(Action.RUN_CANCEL, Action.RUN_CANCEL_BLOCKING)
    async def cancel(self, stack_id: StackId, run_id: RunId, *, by: Subject) -> Run:
        run = await self._run_of(stack_id, run_id, by=by)
        stack = await self._require(
            run, Action.RUN_CANCEL_BLOCKING, Action.RUN_CANCEL, by=by
        )
        await self.progress.record(run, run.cancel(by=by.name, at=self.clock()))
        await note_run(self.trail, "cancel", run, stack, by=by)
        return run

    @needs(Action.RUN_STOP, Action.RUN_STOP_BLOCKING)
    async def stop(
        self, stack_id: StackId, run_id: RunId, *, by: Subject, note: str | None = None
    ) -> Run:
        """Ask the worker to stop; what changes infrastructure is never cut short."""
        run = await self._run_of(stack_id, run_id, by=by)
        stack = await self._require(
            run, Action.RUN_STOP_BLOCKING, Action.RUN_STOP, by=by
        )
        run.request_stop(note=note)
        await note_run(self.trail, "stop", run, stack, by=by)
        leg = await self.store.open_leg(run.id)
        if leg is not None:
            await self.outbox.add(
                RunStopRequested(run_id=run.id, leg_id=leg.id, at=self.clock())
            )
        return run

    @needs(Action.RUN_PRIORITIZE_SET)
    async def prioritize(
        self, stack_id: StackId, run_id: RunId, *, on: bool, by: Subject
    ) -> Run:
        """Lift the run ahead of other stacks' runs in its pool's queue."""
        run = await self._run_of(stack_id, run_id, by=by)
        stack = await self._require(
            run, Action.RUN_PRIORITIZE_SET, Action.RUN_PRIORITIZE_SET, by=by
        )
        run.set_priority(on=on)
        verb = "prioritize" if on else "deprioritize"
        await note_run(self.trail, verb, run, stack, by=by)
        return run

    @needs(Action.RUN_DISCARD)
    async def discard_all(
        self, stack_id: StackId, *, by: Subject
    ) -> tuple[list[Run], list[RunId]]:
        """Discard what waits; return what was discarded and what could not be."""
        stack = await self.stacks.get(stack_id, by=by)
        await self.access.require(by, Action.RUN_DISCARD, space=stack.space_id)
        discarded: list[Run] = []
        failed: list[RunId] = []
        for run in await self.store.unfinished(stack_id):
            if run.state in DISCARDABLE:
                step = run.discard(by=by.name, at=self.clock())
                await self.progress.record(run, step)
                await note_run(self.trail, "discard", run, stack, by=by)
                discarded.append(run)
            else:
                failed.append(run.id)
        return discarded, failed

    @needs(Action.SPACE_READ)
    async def open_stack(self, stack_id: StackId, *, by: Subject) -> Stack:
        """Return the stack if runs of it may be started by *by* now."""
        stack = await self.stacks.get(stack_id, by=by)
        if stack.is_disabled:
            raise StackDisabledError(stack=stack_id)
        if stack.deleting:
            raise StackBeingDeletedError(stack=stack_id)
        if stack.is_locked_by_other_than(by):
            raise StackLockedByOtherError(stack=stack_id, locked_by=stack.locked_by)
        return stack

    async def _readable(
        self, stack_ids: Sequence[StackId], by: Subject
    ) -> list[StackId]:
        return list(await self.stacks.projects(stack_ids, by=by))

    async def _run_of(
        self, stack_id: StackId, run_id: RunId, *, by: Subject, lock: bool = True
    ) -> Run:
        await self.stacks.project(stack_id, by=by)
        run = await self.store.get(run_id, lock=lock)
        if run.stack_id != stack_id:
            raise RunNotFoundError(run=run_id)
        return run

    async def _require(
        self, run: Run, blocking: Action, proposed: Action, *, by: Subject
    ) -> Project:
        project = await self.stacks.project(run.stack_id, by=by)
        action = blocking if run.type.blocking else proposed
        await self.access.require(by, action, space=project.space_id)
        return project
