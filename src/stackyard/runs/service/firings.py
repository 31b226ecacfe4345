"""What is done when a schedule is due. Only the platform itself does these things.

A moment is taken on in the transaction of what is done for it: once, however often it
is told of. What cannot be done then is not made up for later.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, assert_never

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.ids import ROOT, RunId, ScheduleId
from stackyard.kernel.needs import Rule, needs
from stackyard.runs.errors import (
    DriftLimitError,
    ScheduleLateError,
    StackWithoutPoolError,
)
from stackyard.runs.model import Run, queue_run
from stackyard.runs.service.chains import Chains
from stackyard.runs.service.notes import note_run
from stackyard.runs.service.progress import Progress
from stackyard.runs.service.requests import Runs
from stackyard.runs.states import RunType
from stackyard.runs.store import RunStore
from stackyard.stacks import (
    OLDEST,
    DeleteStack,
    DetectDrift,
    PerformTask,
    Schedule,
    Schedules,
    Stack,
    Stacks,
    StackState,
    TriggerRun,
)

DRIFT: Final = "drift detection"
# Nothing is going on, and something has been done.
_SETTLED: Final = frozenset(
    {
        StackState.FINISHED,
        StackState.FAILED,
        StackState.DISCARDED,
        StackState.STOPPED,
    }
)


@dataclass(frozen=True, slots=True)
class Firings:
    store: RunStore
    stacks: Stacks
    schedules: Schedules
    runs: Runs
    chains: Chains
    progress: Progress
    access: Access
    clock: Clock
    trail: Trail

    @needs(Rule.PLATFORM)
    async def fire(
        self, schedule_id: ScheduleId, due: datetime, *, by: Subject
    ) -> None:
        """Do what is due, once; raise why it cannot be done."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        schedule = await self.schedules.see_to(schedule_id, due, by=by)
        if schedule is None:
            return
        if self.clock() - due > OLDEST:
            raise ScheduleLateError(schedule=schedule_id)
        stack = await self.stacks.get(schedule.stack_id, by=by)
        if stack.worker_pool_id is None:
            raise StackWithoutPoolError(stack=stack.id)
        match schedule.errand:
            case TriggerRun(name=name, runtime_config=config):
                await self._queue(
                    stack,
                    RunType.TRACKED,
                    by=by,
                    triggered_by=_named("run", name, schedule),
                    runtime_config=config,
                )
            case PerformTask(command=command):
                await self._queue(
                    stack,
                    RunType.TASK,
                    by=by,
                    triggered_by=_named("task", "", schedule),
                    command=command,
                )
            case DeleteStack(destroy_resources=destroy):
                await self.stacks.delete(stack.id, destroy_resources=destroy, by=by)
            case DetectDrift() as errand:
                await self._look_for_drift(stack, errand, by=by)
            case other:
                assert_never(other)

    @needs(Rule.PLATFORM)
    async def reconcile(self, run_id: RunId, *, by: Subject) -> None:
        """Put right what a run has found to have drifted, if that is wanted; once."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        run = await self.store.find(run_id)
        if run is None or not run.has_found_drift:
            return
        await self.store.lock_stack(run.stack_id)
        found = await self.schedules.drift_of([run.stack_id], by=by)
        wanted = any(_reconciles(schedule) for schedule in found.values())
        if not wanted or await self.store.is_reconciled(run):
            return
        stack = await self.stacks.get(run.stack_id, by=by)
        await self._queue(
            stack,
            RunType.TRACKED,
            by=by,
            triggered_by=DRIFT,
            commit=run.commit,
            drift_detection=True,
        )

    async def _look_for_drift(
        self, stack: Stack, errand: DetectDrift, *, by: Subject
    ) -> None:
        settled = _SETTLED if errand.ignore_state else {StackState.FINISHED}
        if stack.state not in settled or stack.worker_pool_id is None:
            return
        await self.store.lock_pool(stack.worker_pool_id)
        going_on = await self.store.unfinished_drift(stack.worker_pool_id)
        if any(run.stack_id == stack.id for run in going_on):
            return
        limit = await self.schedules.drift_limit(stack, by=by)
        if limit is not None and 0 <= limit <= len(going_on):
            raise DriftLimitError(pool=stack.worker_pool_id, limit=limit)
        await self._queue(
            stack,
            RunType.PROPOSED,
            by=by,
            triggered_by=DRIFT,
            drift_detection=True,
        )

    async def _queue(
        self, stack: Stack, kind: RunType, *, by: Subject, **given: Any
    ) -> Run:
        stack = await self.runs.open_stack(stack.id, by=by)
        facts = {"commit": stack.tracked_commit} | given
        run, first = queue_run(
            stack_id=stack.id,
            type=kind,
            branch=stack.branch,
            at=self.clock(),
            **facts,
        )
        await self.progress.begin(run, first)
        await self.chains.follow(run)
        verb = "create" if kind is RunType.TASK else "trigger"
        await note_run(self.trail, verb, run, stack, by=by)
        return run


def _named(what: str, name: str, schedule: Schedule) -> str:
    return f'scheduled {what} "{name}"' if name else f"scheduled {what} {schedule.id}"


def _reconciles(schedule: Schedule) -> bool:
    return isinstance(schedule.errand, DetectDrift) and schedule.errand.reconcile
