from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.constraints import said_as
from stackyard.kernel.errors import StackyardError
from stackyard.kernel.ids import ScheduleId, SpaceId, StackId
from stackyard.stacks.errors import DriftDetectionExistsError, StackNotFoundError
from stackyard.stacks.model.schedules import Schedule, ScheduleKind
from stackyard.stacks.model.stack import Stack
from stackyard.workers import Pool

_MEANINGS: Final[dict[str, type[StackyardError]]] = {
    "uq_schedules_drift_detection": DriftDetectionExistsError,
    "fk_schedules_stack_id": StackNotFoundError,
}


@dataclass(frozen=True, slots=True)
class ScheduleStore:
    session: AsyncSession

    async def find(
        self, schedule_id: ScheduleId, *, lock: bool = False
    ) -> Schedule | None:
        return await self.session.get(
            Schedule, schedule_id, with_for_update=lock, populate_existing=lock
        )

    async def add(self, schedule: Schedule) -> None:
        """Store a new one; of drift detections a stack has one at most."""
        with said_as(_MEANINGS, stack=schedule.stack_id):
            async with self.session.begin_nested():
                self.session.add(schedule)

    async def remove(self, schedule: Schedule) -> None:
        await self.session.delete(schedule)
        await self.session.flush()

    async def some_of(
        self, ids: Collection[ScheduleId], spaces: Select[SpaceId]
    ) -> dict[ScheduleId, Schedule]:
        query = (
            select(Schedule)
            .join(Stack, Stack.id == Schedule.stack_id)
            .where(Schedule.id.in_(ids), Stack.space_id.in_(spaces))
        )
        return {one.id: one for one in await self.session.scalars(query)}

    async def of(
        self, stack_id: StackId, spaces: Select[SpaceId]
    ) -> Sequence[Schedule]:
        query = (
            select(Schedule)
            .join(Stack, Stack.id == Schedule.stack_id)
            .where(Schedule.stack_id == stack_id, Stack.space_id.in_(spaces))
            .order_by(Schedule.id)
        )
        return (await self.session.scalars(query)).all()

    async def drift_of(
        self, stack_ids: Collection[StackId], spaces: Select[SpaceId]
    ) -> dict[StackId, Schedule]:
        query = (
            select(Schedule)
            .join(Stack, Stack.id == Schedule.stack_id)
            .where(
                Schedule.stack_id.in_(stack_ids),
                Schedule.kind == ScheduleKind.DRIFT_DETECTION,
                Stack.space_id.in_(spaces),
            )
        )
        return {one.stack_id: one for one in await self.session.scalars(query)}

    async def drift(self, stack_id: StackId, *, lock: bool) -> Schedule | None:
        query = select(Schedule).where(
            Schedule.stack_id == stack_id,
            Schedule.kind == ScheduleKind.DRIFT_DETECTION,
        )
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return await self.session.scalar(query)

    async def drift_limit(self, stack: Stack) -> int | None:
        """Return how many such runs its pool carries out at once; None: no pool."""
        query = select(Pool.drift_detection_run_limit).where(
            Pool.id == stack.worker_pool_id
        )
        return await self.session.scalar(query)

    async def due(self, *, now: datetime, limit: int) -> Sequence[Schedule]:
        """Lock what is due, the longest waiting first, unless somebody else has it."""
        query = (
            select(Schedule)
            .where(Schedule.next_at <= now)
            .order_by(Schedule.next_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return (await self.session.scalars(query)).all()
