"""All SQL about runs, their history and their legs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import case, func, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from stackyard.identity import Passport
from stackyard.kernel.ids import LegId, PoolId, RunId, StackId
from stackyard.runs.errors import LegNotFoundError, RunNotFoundError
from stackyard.runs.leg import Leg
from stackyard.runs.model import UNFINISHED, Run, Transition
from stackyard.runs.states import WAITING, RunState, RunType
from stackyard.stacks import Project
from stackyard_protocol.report import Change

# Of thousands of resources it is megabytes, and a list has fifty runs of each stack.
WITHOUT_PLAN: Final = defer(Run.changes, raiseload=True)
LIVE_CHANNEL: Final = "stackyard_live"
_PROPOSED: Final = Run.type == RunType.PROPOSED
PROPOSALS_LAST: Final = case(
    (_PROPOSED & Run.drift_detection, 2), (_PROPOSED, 1), else_=0
)


@dataclass(frozen=True, slots=True)
class RunStore:
    session: AsyncSession

    async def get(self, run_id: RunId, *, lock: bool = False) -> Run:
        """Load a run; with *lock*, no one else may change it until we commit."""
        run = await self.find(run_id, lock=lock)
        if run is None:
            raise RunNotFoundError(run=run_id)
        return run

    async def find(self, run_id: RunId, *, lock: bool = False) -> Run | None:
        """Load it; its plan as well if it is locked, for then it may be acted on."""
        return await self.session.get(
            Run,
            run_id,
            options=() if lock else (WITHOUT_PLAN,),
            with_for_update=lock,
            populate_existing=lock,
        )

    async def add(self, run: Run, first: Transition) -> None:
        self.session.add(run)
        await self.session.flush()
        await self.record(run, first)

    async def record(self, run: Run, transition: Transition) -> None:
        """Write a line of history, and wake whoever watches the run when we commit."""
        self.session.add(transition)
        await self.session.execute(
            select(
                func.pg_notify(
                    LIVE_CHANNEL,
                    json.dumps({"run": run.id, "stack": run.stack_id, "what": "state"}),
                )
            )
        )

    async def some(self, run_ids: Sequence[RunId]) -> Sequence[Run]:
        query = select(Run).where(Run.id.in_(run_ids)).options(WITHOUT_PLAN)
        return (await self.session.scalars(query)).all()

    async def changes(self, run_ids: Sequence[RunId]) -> dict[RunId, list[Change]]:
        """Return what each of these would change, as far as it is planned."""
        query = select(Run.id, Run.changes).where(
            Run.id.in_(run_ids), Run.changes.is_not(None)
        )
        return {
            run: msgspec.convert(rows, list[Change])
            for run, rows in await self.session.execute(query)
        }

    async def of_stacks(
        self,
        stack_ids: Sequence[StackId],
        types: Sequence[RunType],
        *,
        before: RunId | None,
        limit: int,
    ) -> Sequence[Run]:
        """At most *limit* of each stack, newest first; *before* is exclusive."""
        page = select(Run.id).where(Run.stack_id == Project.id, Run.type.in_(types))
        if before is not None:
            page = page.where(Run.id < before)
        page = page.order_by(Run.id.desc()).limit(limit)
        newest = page.correlate(Project).lateral("newest")
        query = (
            select(Run)
            .select_from(Project)
            .join(newest, true())
            .join(Run, Run.id == newest.c.id)
            .where(Project.id.in_(stack_ids))
            .order_by(Run.id.desc())
            .options(WITHOUT_PLAN)
        )
        return (await self.session.scalars(query)).all()

    async def history(self, run_ids: Sequence[RunId]) -> Sequence[Transition]:
        """Newest first, of all these runs."""
        query = (
            select(Transition)
            .where(Transition.run_id.in_(run_ids))
            .order_by(Transition.run_id, Transition.version.desc())
        )
        return (await self.session.scalars(query)).all()

    async def blockers(self, stack_ids: Sequence[StackId]) -> dict[StackId, Run]:
        query = (
            select(Run)
            .where(Run.stack_id.in_(stack_ids), Run.holds_blocker)
            .options(WITHOUT_PLAN)
        )
        return {run.stack_id: run for run in await self.session.scalars(query)}

    async def newest(self, stack_ids: Sequence[StackId]) -> dict[StackId, RunId]:
        found = await self.of_stacks(stack_ids, [RunType.TRACKED], before=None, limit=1)
        return {run.stack_id: run.id for run in found}

    async def latest_of(self, stack_id: StackId, kind: RunType) -> Run | None:
        query = (
            select(Run)
            .where(Run.stack_id == stack_id, Run.type == kind)
            .order_by(Run.id.desc())
            .limit(1)
            .options(WITHOUT_PLAN)
        )
        return await self.session.scalar(query)

    async def is_latest(self, run: Run) -> bool:
        """Whether its stack has no later run of its type."""
        query = (
            select(Run.id)
            .where(Run.stack_id == run.stack_id, Run.type == run.type, Run.id > run.id)
            .limit(1)
        )
        return await self.session.scalar(query) is None

    async def changed_by_tasks(self, stack_id: StackId) -> list[str]:
        """Return which outputs tasks have changed since a run was last applied."""
        applied = select(func.coalesce(func.max(Run.id), "")).where(
            Run.stack_id == stack_id,
            Run.type == RunType.TRACKED,
            Run.state == RunState.FINISHED,
            Run.changed_outputs.is_not(None),
        )
        query = select(func.unnest(Run.changed_outputs)).where(
            Run.stack_id == stack_id,
            Run.type == RunType.TASK,
            Run.id > applied.scalar_subquery(),
        )
        return list(await self.session.scalars(query))

    async def unfinished_drift(self, pool_id: PoolId) -> Sequence[Run]:
        """Return what looks for drift, or puts it right, on the pool's stacks."""
        query = (
            select(Run)
            .join(Project, Project.id == Run.stack_id)
            .where(
                Run.drift_detection,
                UNFINISHED,
                Project.worker_pool_id == pool_id,
            )
        )
        return (await self.session.scalars(query)).all()

    async def is_reconciled(self, run: Run) -> bool:
        """Whether what the run found has had its tracked run."""
        query = (
            select(Run.id)
            .where(
                Run.stack_id == run.stack_id,
                Run.type == RunType.TRACKED,
                Run.drift_detection,
                Run.id > run.id,
            )
            .limit(1)
        )
        return await self.session.scalar(query) is not None

    async def lock_pool(self, pool_id: PoolId) -> None:
        """Let decisions about how much a pool carries out follow one another."""
        await self._lock(f"drift/{pool_id}")

    async def has_run_of(self, stack_id: StackId, kind: RunType, sha: str) -> bool:
        """Whether the commit has a run of this type already."""
        query = (
            select(Run.id)
            .where(
                Run.stack_id == stack_id,
                Run.type == kind,
                Run.commit["hash"].astext == sha,
                Run.local_workspace.is_(None),
            )
            .limit(1)
        )
        return await self.session.scalar(query) is not None

    async def lock_stack(self, stack_id: StackId) -> None:
        """Let gate decisions of one stack follow one another."""
        await self._lock(f"gate/{stack_id}")

    async def queued(self, stack_id: StackId) -> Sequence[Run]:
        """Return what waits before the gate, oldest first, locked."""
        query = (
            select(Run)
            .where(Run.stack_id == stack_id, Run.state == RunState.QUEUED)
            .order_by(Run.id)
            .with_for_update()
        )
        return (await self.session.scalars(query)).all()

    async def unfinished(self, stack_id: StackId) -> Sequence[Run]:
        query = (
            select(Run)
            .where(Run.stack_id == stack_id, UNFINISHED)
            .order_by(Run.id)
            .with_for_update()
        )
        return (await self.session.scalars(query)).all()

    async def next_waiting(self, pool_id: PoolId) -> Run | None:
        """Lock the first run of the pool's queue that nobody else is claiming.

        Prioritised ones first, then what changes infrastructure, then proposals, then
        what looks for drift; in the order of their creation inside a class.
        """
        query = (
            select(Run)
            .where(Run.pool_id == pool_id, Run.state.in_(WAITING))
            .order_by(Run.prioritized.desc(), PROPOSALS_LAST, Run.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        return await self.session.scalar(query)

    async def pools_with_waiting_runs(self) -> Sequence[PoolId]:
        query = (
            select(Run.pool_id)
            .where(Run.state.in_(WAITING), Run.pool_id.is_not(None))
            .distinct()
        )
        return [pool for pool in await self.session.scalars(query) if pool]

    async def stacks_with_queued_runs(self) -> Sequence[StackId]:
        query = select(Run.stack_id).where(Run.state == RunState.QUEUED).distinct()
        return (await self.session.scalars(query)).all()

    async def waiting_counts(self, pool_ids: Sequence[PoolId]) -> dict[PoolId, int]:
        query = (
            select(Run.pool_id, func.count())
            .where(Run.pool_id.in_(pool_ids), Run.state.in_(WAITING))
            .group_by(Run.pool_id)
        )
        return {
            pool: count for pool, count in await self.session.execute(query) if pool
        }

    async def leg(self, leg_id: LegId, *, lock: bool = False) -> Leg:
        leg = await self.find_leg(leg_id, lock=lock)
        if leg is None:
            raise LegNotFoundError(leg=leg_id)
        return leg

    async def find_leg(self, leg_id: LegId, *, lock: bool = False) -> Leg | None:
        """Return it, if it has not gone with its stack."""
        return await self.session.get(
            Leg, leg_id, with_for_update=lock, populate_existing=lock
        )

    async def passport(self, run_id: RunId) -> Passport | None:
        query = (
            select(Leg.id, Project.id, Project.space_id, Project.administrative)
            .join(Run, Run.id == Leg.run_id)
            .join(Project, Project.id == Run.stack_id)
            .where(
                Leg.run_id == run_id,
                Leg.ended_at.is_(None),
                Leg.accepted_at.is_not(None),
            )
        )
        row = (await self.session.execute(query)).one_or_none()
        return None if row is None else Passport(*row)

    async def open_leg(self, run_id: RunId) -> Leg | None:
        query = select(Leg).where(Leg.run_id == run_id, Leg.ended_at.is_(None))
        return await self.session.scalar(query)

    async def unaccepted_since(self, moment: datetime) -> Sequence[LegId]:
        query = select(Leg.id).where(
            Leg.ended_at.is_(None), Leg.accepted_at.is_(None), Leg.claimed_at < moment
        )
        return (await self.session.scalars(query)).all()

    async def add_leg(self, leg: Leg) -> None:
        self.session.add(leg)
        await self.session.flush()

    async def _lock(self, key: str) -> None:
        await self.session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
            {"key": key},
        )
