from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import RunId, StackId
from stackyard.runs.chain import RunWait
from stackyard.runs.model import Run
from stackyard.runs.states import RunState, RunType


@dataclass(frozen=True, slots=True)
class ChainStore:
    """Which run waits for which."""

    session: AsyncSession

    async def let_wait(self, waits: Collection[tuple[RunId, RunId]]) -> None:
        """Keep that the first run of each pair waits for the second."""
        if not waits:
            return
        rows = [{"run_id": one, "upstream_id": other} for one, other in waits]
        await self.session.execute(
            insert(RunWait).values(rows).on_conflict_do_nothing()
        )

    async def upstreams(self, run_id: RunId) -> Sequence[Run]:
        """Return what the run waits for."""
        query = (
            select(Run)
            .join(RunWait, RunWait.upstream_id == Run.id)
            .where(RunWait.run_id == run_id)
            .order_by(Run.id)
            .execution_options(populate_existing=True)
        )
        return (await self.session.scalars(query)).all()

    async def above(self, run_id: RunId) -> Sequence[Run]:
        """Return what the run waits for, what that waits for, and so on."""
        way = select(literal(run_id).label("id")).cte("above", recursive=True)
        way = way.union(
            select(RunWait.upstream_id).join(way, way.c.id == RunWait.run_id)
        )
        query = (
            select(Run).where(Run.id.in_(select(way.c.id)), Run.id != run_id)
        ).order_by(Run.id)
        return (await self.session.scalars(query)).all()

    async def stacks_waiting_for(self, run_id: RunId) -> Sequence[StackId]:
        query = (
            select(Run.stack_id)
            .join(RunWait, RunWait.run_id == Run.id)
            .where(RunWait.upstream_id == run_id, Run.state == RunState.QUEUED)
            .distinct()
        )
        return (await self.session.scalars(query)).all()

    async def waiting(self, stack_id: StackId) -> Sequence[Run]:
        """Return the stack's runs that wait for those of other stacks, locked."""
        query = (
            select(Run)
            .where(
                Run.stack_id == stack_id,
                Run.state == RunState.QUEUED,
                Run.awaits_upstream,
            )
            .order_by(Run.id)
            .with_for_update()
        )
        return (await self.session.scalars(query)).all()

    async def last_finished(self, stack_id: StackId) -> datetime | None:
        """Return when the stack's last tracked run that went well had been made."""
        query = (
            select(Run.created_at)
            .where(
                Run.stack_id == stack_id,
                Run.type == RunType.TRACKED,
                Run.state == RunState.FINISHED,
            )
            .order_by(Run.id.desc())
            .limit(1)
        )
        return await self.session.scalar(query)
