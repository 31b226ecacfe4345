"""How runs come about: triggered by people, by pushes, by another run.

A new run is QUEUED and told of; everything else is somebody else's reaction.
"""

from dataclasses import dataclass
from typing import Any, Final

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.events import Outbox
from stackyard.kernel.ids import RunId, StackId
from stackyard.kernel.needs import Rule, needs
from stackyard.runs.errors import (
    CommandMissingError,
    ForceApplyTypeError,
    RunTypeError,
)
from stackyard.runs.model import Run, Transition, queue_run
from stackyard.runs.promotion import ensure_promotable
from stackyard.runs.service.chains import Chains
from stackyard.runs.service.notes import note_run
from stackyard.runs.service.progress import Progress
from stackyard.runs.service.requests import Runs
from stackyard.runs.states import ForceApply, RunState, RunType
from stackyard.runs.store import RunStore
from stackyard.stacks import (
    RuntimeConfig,
    RuntimeConfigProblemsError,
    Stack,
    Stacks,
)

# What it takes to have such a run at all, and so to have it once more.
_OWN_ACTIONS: Final = {
    RunType.TASK: Action.TASK_CREATE,
    RunType.DESTROY: Action.STACK_DELETE,
}


@dataclass(frozen=True, slots=True)
class Triggers:
    store: RunStore
    stacks: Stacks
    runs: Runs
    chains: Chains
    progress: Progress
    access: Access
    outbox: Outbox
    clock: Clock
    trail: Trail

    @needs(Action.RUN_TRIGGER)
    async def trigger(  # noqa: PLR0913 - the facts of a new run, named at every call
        self,
        stack_id: StackId,
        *,
        by: Subject,
        kind: RunType = RunType.TRACKED,
        commit: dict[str, Any] | None = None,
        branch: str | None = None,
        user_metadata: str | None = None,
        runtime_config: RuntimeConfig | None = None,
        force_apply: ForceApply | None = None,
    ) -> Run:
        """Queue a run of *commit*, or of the stack's tracked commit.

        Without a commit it is looked up later: creating a run never waits for the
        version control system. With *force_apply* it is confirmed in advance.
        """
        if kind not in {RunType.TRACKED, RunType.PROPOSED}:
            raise RunTypeError(type=kind)
        stack = await self.triggerable(stack_id, Action.RUN_TRIGGER, by=by)
        if runtime_config is not None:
            action = Action.RUN_TRIGGER_WITH_CUSTOM_RUNTIME_CONFIG
            await self.access.require(by, action, space=stack.space_id)
            if problems := runtime_config.problems():
                raise RuntimeConfigProblemsError(*problems)
        if force_apply is not None:
            if kind is not RunType.TRACKED:
                raise ForceApplyTypeError(type=kind)
            await self.access.require(by, Action.RUN_CONFIRM, space=stack.space_id)
        run, first = queue_run(
            stack_id=stack.id,
            type=kind,
            branch=branch or stack.branch,
            at=self.clock(),
            triggered_by=by.name,
            commit=commit or (stack.tracked_commit if branch is None else None),
            user_metadata=user_metadata,
            runtime_config=runtime_config,
            force_apply=force_apply is not None,
        )
        cascade = force_apply is ForceApply.CASCADE
        return await self.enqueue(
            run, first, stack, verb="trigger", by=by, cascade=cascade
        )

    @needs(Action.TASK_CREATE)
    async def create_task(
        self,
        stack_id: StackId,
        command: str,
        *,
        by: Subject,
        skip_init: bool = False,
        user_metadata: str | None = None,
    ) -> Run:
        if not command.strip():
            raise CommandMissingError
        stack = await self.triggerable(stack_id, Action.TASK_CREATE, by=by)
        run, first = queue_run(
            stack_id=stack.id,
            type=RunType.TASK,
            branch=stack.branch,
            at=self.clock(),
            triggered_by=by.name,
            commit=stack.tracked_commit,
            command=command,
            skip_init=skip_init,
            user_metadata=user_metadata,
        )
        return await self.enqueue(run, first, stack, verb="create", by=by)

    @needs(Action.RUN_TRIGGER)
    async def push(
        self,
        stack_id: StackId,
        kind: RunType,
        *,
        branch: str,
        commit: dict[str, Any],
        pushed_by: str | None,
        by: Subject,
    ) -> Run | None:
        """Queue the run of a pushed commit; None where there is nothing to do.

        A commit gets one run of a type by pushes, however often it is announced. A
        disabled stack gets none; a locked one does, but it will not deploy by itself.
        """
        stack = await self.stacks.get(stack_id, by=by)
        await self.access.require(by, Action.RUN_TRIGGER, space=stack.space_id)
        await self.store.lock_stack(stack_id)
        if stack.is_disabled or stack.deleting:
            return None
        if await self.store.has_run_of(stack_id, kind, commit["hash"]):
            return None
        if kind is RunType.TRACKED and (
            waiting := await self.chains.joined(stack_id, commit, branch=branch)
        ):
            return waiting
        if kind is RunType.PROPOSED:
            await self.supersede(stack_id, branch, by=by)
        run, first = queue_run(
            stack_id=stack.id,
            type=kind,
            branch=branch,
            at=self.clock(),
            triggered_by=pushed_by,
            commit=commit,
        )
        return await self.enqueue(run, first, stack, verb="trigger", by=by)

    @needs(Action.RUN_RETRY, Action.RUN_RETRY_BLOCKING)
    async def retry(self, stack_id: StackId, run_id: RunId, *, by: Subject) -> Run:
        """Queue the same again, under a new id."""
        old = await self.runs.of(stack_id, run_id, by=by)
        blocking = old.type.blocking
        stack = await self.triggerable(
            stack_id,
            Action.RUN_RETRY_BLOCKING if blocking else Action.RUN_RETRY,
            by=by,
        )
        if own := _OWN_ACTIONS.get(old.type):
            await self.access.require(by, own, space=stack.space_id)
        run, first = queue_run(
            stack_id=stack.id,
            type=old.type,
            branch=old.branch,
            at=self.clock(),
            triggered_by=by.name,
            commit=old.commit,
            command=old.command,
            skip_init=old.skip_init,
            retry_of=old.id,
            drift_detection=old.drift_detection,
            runtime_config=old.runtime_config,
        )
        run.local_workspace, run.local_sha256 = old.local_workspace, old.local_sha256
        run.overrides = old.overrides
        return await self.enqueue(run, first, stack, verb="retry", by=by)

    @needs(Action.RUN_PROMOTE)
    async def promote(self, stack_id: StackId, run_id: RunId, *, by: Subject) -> Run:
        """Queue a tracked run of what was proposed."""
        proposed = await self.runs.of(stack_id, run_id, by=by)
        stack = await self.triggerable(stack_id, Action.RUN_PROMOTE, by=by)
        ensure_promotable(proposed, stack)
        run, first = queue_run(
            stack_id=stack.id,
            type=RunType.TRACKED,
            branch=proposed.branch,
            at=self.clock(),
            triggered_by=by.name,
            commit=proposed.commit,
        )
        return await self.enqueue(run, first, stack, verb="promote", by=by)

    @needs(Action.STACK_DELETE)
    async def destroy(self, stack_id: StackId, *, by: Subject) -> Run:
        """Queue the run that destroys what the stack made, before it is deleted."""
        stack = await self.stacks.get(stack_id, by=by)
        await self.access.require(by, Action.STACK_DELETE, space=stack.space_id)
        run, first = queue_run(
            stack_id=stack.id,
            type=RunType.DESTROY,
            branch=stack.branch,
            at=self.clock(),
            triggered_by=by.name,
            commit=stack.tracked_commit,
        )
        return await self.enqueue(run, first, stack, verb="trigger", by=by)

    @needs(Action.RUN_STOP)
    async def supersede(self, stack_id: StackId, branch: str, *, by: Subject) -> None:
        """A newer commit was pushed: older proposals of the branch are not needed."""
        stack = await self.stacks.get(stack_id, by=by)
        await self.access.require(by, Action.RUN_STOP, space=stack.space_id)
        for run in await self.store.unfinished(stack_id):
            if run.type is not RunType.PROPOSED or run.branch != branch:
                continue
            if run.local_workspace:  # of no commit, so no commit is newer
                continue
            if run.state in {RunState.QUEUED, RunState.READY}:
                await self.runs.cancel(stack_id, run.id, by=by)
            elif run.state is not RunState.UNCONFIRMED:
                await self.runs.stop(
                    stack_id, run.id, by=by, note="A newer commit was pushed."
                )

    @needs(Rule.PARENT)
    async def triggerable(
        self, stack_id: StackId, action: Action, *, by: Subject
    ) -> Stack:
        """Return the stack if *by* may do that to it, and it takes new runs now."""
        stack = await self.stacks.get(stack_id, by=by)
        await self.access.require(by, action, space=stack.space_id)
        return await self.runs.open_stack(stack_id, by=by)

    @needs(Rule.PARENT)
    async def enqueue(
        self,
        run: Run,
        first: Transition,
        stack: Stack,
        *,
        verb: str,
        by: Subject,
        cascade: bool = False,
    ) -> Run:
        """Let the run begin. *cascade*: those that it brings need no word, either."""
        await self.progress.begin(run, first)
        await self.chains.follow(run, confirmed_by=by if cascade else None)
        await note_run(self.trail, verb, run, stack, by=by)
        return run
