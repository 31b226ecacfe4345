"""Use cases of what stacks do by themselves.

Whoever sets something up must be allowed to do it themselves: a schedule is not a way
around a right. What is carried out is carried out by the platform (`runs.Firings`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.events import Outbox
from stackyard.kernel.ids import ROOT, ScheduleId, StackId, new_ulid
from stackyard.kernel.needs import Rule, needs
from stackyard.stacks.errors import (
    DriftDetectionExistsError,
    DriftDetectionOffError,
    ScheduleNotFoundError,
    StackDeletingError,
    StackNotFoundError,
)
from stackyard.stacks.events import ScheduleDue
from stackyard.stacks.model.schedules import (
    DetectDrift,
    Errand,
    Schedule,
    ScheduleKind,
    Timing,
)
from stackyard.stacks.model.stack import Stack
from stackyard.stacks.service.stacks import Stacks
from stackyard.stacks.store import ScheduleStore

BATCH: Final = 100
_AUDITED_AS: Final = {
    ScheduleKind.RUN: ResourceType.SCHEDULED_RUN,
    ScheduleKind.TASK: ResourceType.SCHEDULED_TASK,
    ScheduleKind.DELETE: ResourceType.SCHEDULED_DELETE,
    ScheduleKind.DRIFT_DETECTION: ResourceType.DRIFT_DETECTION_INTEGRATION,
}


@dataclass(frozen=True, slots=True)
class Schedules:
    store: ScheduleStore
    stacks: Stacks
    access: Access
    outbox: Outbox
    clock: Clock
    trail: Trail

    @needs(Action.STACK_UPDATE)
    async def create(
        self, stack_id: StackId, errand: Errand, timing: Timing, *, by: Subject
    ) -> Schedule:
        stack = await self._allowed(stack_id, errand.actions, by=by)
        if stack.deleting:
            raise StackDeletingError(stack=stack.id)
        if isinstance(errand, DetectDrift):
            await self._check_drift(stack)
        now = self.clock()
        schedule = Schedule(
            id=ScheduleId(new_ulid()), stack_id=stack.id, created_at=now
        )
        schedule.set(errand, timing, now=now)
        await self.store.add(schedule)
        await self._note("create", schedule, stack, by=by)
        return schedule

    @needs(Action.STACK_UPDATE)
    async def update(
        self,
        stack_id: StackId,
        schedule_id: ScheduleId,
        errand: Errand,
        timing: Timing,
        *,
        by: Subject,
    ) -> Schedule:
        """Make all of it what is wanted; one kind of errand stays of that kind."""
        stack = await self._allowed(stack_id, errand.actions, by=by)
        schedule = await self._of(stack, schedule_id, errand.kind)
        schedule.set(errand, timing, now=self.clock())
        await self._note("update", schedule, stack, by=by)
        return schedule

    @needs(Action.STACK_UPDATE)
    async def delete(
        self,
        stack_id: StackId,
        schedule_id: ScheduleId,
        kind: ScheduleKind,
        *,
        by: Subject,
    ) -> Schedule:
        stack = await self._allowed(stack_id, (), by=by)
        schedule = await self._of(stack, schedule_id, kind)
        await self.store.remove(schedule)
        await self._note("delete", schedule, stack, by=by)
        return schedule

    @needs(Action.STACK_UPDATE)
    async def update_drift(
        self, stack_id: StackId, errand: DetectDrift, timing: Timing, *, by: Subject
    ) -> Schedule:
        stack = await self._allowed(stack_id, errand.actions, by=by)
        schedule = await self.store.drift(stack.id, lock=True)
        if schedule is None:
            raise ScheduleNotFoundError(stack=stack.id)
        schedule.set(errand, timing, now=self.clock())
        await self._note("update", schedule, stack, by=by)
        return schedule

    @needs(Action.STACK_UPDATE)
    async def delete_drift(self, stack_id: StackId, *, by: Subject) -> Schedule | None:
        """Look for drift no more; None if nobody did, or the stack is gone."""
        try:
            stack = await self._allowed(stack_id, (), by=by)
        except StackNotFoundError:
            return None
        schedule = await self.store.drift(stack.id, lock=True)
        if schedule is not None:
            await self.store.remove(schedule)
            await self._note("delete", schedule, stack, by=by)
        return schedule

    @needs(Action.SPACE_READ)
    async def some(
        self, ids: Collection[ScheduleId], *, by: Subject
    ) -> dict[ScheduleId, Schedule]:
        """Return those of these schedules whose stacks *by* may read."""
        return await self.store.some_of(ids, self.stacks.neighbours.visible_spaces(by))

    @needs(Action.SPACE_READ)
    async def of(self, stack_id: StackId, *, by: Subject) -> Sequence[Schedule]:
        """Return all that the stack does by itself."""
        return await self.store.of(stack_id, self.stacks.neighbours.visible_spaces(by))

    @needs(Action.SPACE_READ)
    async def drift_of(
        self, stack_ids: Collection[StackId], *, by: Subject
    ) -> dict[StackId, Schedule]:
        """Return how those of these stacks that *by* may read look for drift."""
        spaces = self.stacks.neighbours.visible_spaces(by)
        return await self.store.drift_of(stack_ids, spaces)

    @needs(Rule.PLATFORM)
    async def tell_due(self, *, by: Subject) -> int:
        """Tell of what is due, each once, whoever else does the same; return how much
        was looked at.
        """
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        now = self.clock()
        taken: Sequence[Schedule] = await self.store.due(now=now, limit=BATCH)
        for schedule in taken:
            due = schedule.take(now=now)
            if due is not None:
                await self.outbox.add(
                    ScheduleDue(
                        stack_id=schedule.stack_id,
                        schedule_id=schedule.id,
                        due=due,
                        at=now,
                    )
                )
        return len(taken)

    @needs(Rule.PLATFORM)
    async def see_to(
        self, schedule_id: ScheduleId, due: datetime, *, by: Subject
    ) -> Schedule | None:
        """Take a moment of a schedule on, in the transaction of what is done for it.

        None: it has been, or there is no such schedule any more.
        """
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        schedule = await self.store.find(schedule_id, lock=True)
        return schedule if schedule and schedule.see_to(due) else None

    @needs(Rule.PLATFORM)
    async def drift_limit(self, stack: Stack, *, by: Subject) -> int | None:
        """Return how many looks for drift the stack's pool bears; below 0: any."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        return await self.store.drift_limit(stack)

    @needs(Rule.PLATFORM)
    async def pass_over(
        self, schedule_id: ScheduleId, due: datetime, reason: str, *, by: Subject
    ) -> None:
        """Write down why a moment of a schedule was let go by."""
        schedule = await self.see_to(schedule_id, due, by=by)
        if schedule is None:
            return
        stack = await self.stacks.get(schedule.stack_id, by=by)
        await self._note("skip", schedule, stack, by=by, Reason=reason)

    async def _allowed(
        self, stack_id: StackId, actions: Sequence[Action], *, by: Subject
    ) -> Stack:
        stack = await self.stacks.get(stack_id, by=by)
        for action in (Action.STACK_UPDATE, *actions):
            await self.access.require(by, action, space=stack.space_id)
        await self.stacks.neighbours.ensure_own(stack_id)
        return stack

    async def _of(
        self, stack: Stack, schedule_id: ScheduleId, kind: ScheduleKind
    ) -> Schedule:
        schedule = await self.store.find(schedule_id, lock=True)
        if schedule is None or (schedule.stack_id, schedule.kind) != (stack.id, kind):
            raise ScheduleNotFoundError(schedule=schedule_id)
        return schedule

    async def _check_drift(self, stack: Stack) -> None:
        if await self.store.drift(stack.id, lock=False) is not None:
            raise DriftDetectionExistsError(stack=stack.id)
        if await self.store.drift_limit(stack) == 0:
            raise DriftDetectionOffError(stack=stack.id, pool=stack.worker_pool_id)

    async def _note(
        self,
        verb: str,
        schedule: Schedule,
        stack: Stack,
        *,
        by: Subject,
        **facts: object,
    ) -> None:
        kind = _AUDITED_AS[schedule.kind]
        await self.trail.note(
            f"{kind.lower()}.{verb}",
            Resource(kind, schedule.id),
            related=Resource(ResourceType.STACK, stack.id),
            space=stack.space_id,
            facts={"ID": schedule.id, "StackID": stack.id} | facts,
            by=by,
        )
