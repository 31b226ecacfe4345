"""All SQL about pools and workers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import LegId, PoolId, SpaceId, WorkerId
from stackyard.kernel.search import Page, Search
from stackyard.workers.errors import (
    PoolInUseError,
    PoolNotFoundError,
    PoolSpaceError,
    WorkerNotFoundError,
)
from stackyard.workers.model import (
    BrokerPulse,
    Introduction,
    Pool,
    PoolCounts,
    Worker,
)
from stackyard.workers.search import page_of, searched

PULSE_KEPT: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PoolStore:
    session: AsyncSession

    async def find(self, pool_id: PoolId, *, lock: bool = False) -> Pool | None:
        return await self.session.get(
            Pool, pool_id, with_for_update=lock, populate_existing=lock
        )

    async def get(self, pool_id: PoolId, *, lock: bool = False) -> Pool:
        pool = await self.find(pool_id, lock=lock)
        if pool is None:
            raise PoolNotFoundError(pool=pool_id)
        return pool

    async def all_in(self, spaces: Select[SpaceId]) -> Sequence[Pool]:
        query = select(Pool).where(Pool.space_id.in_(spaces)).order_by(Pool.id)
        return (await self.session.scalars(query)).all()

    async def search(self, search: Search, spaces: Select[SpaceId]) -> Page[Pool]:
        query = searched(select(Pool).where(Pool.space_id.in_(spaces)), search)
        return page_of((await self.session.scalars(query)).all(), search)

    async def count_in(self, space: SpaceId) -> int:
        query = select(func.count()).where(Pool.space_id == space)
        return (await self.session.execute(query)).scalar_one()

    async def some_of(
        self, pool_ids: Collection[PoolId], spaces: Select[SpaceId]
    ) -> Sequence[Pool]:
        query = select(Pool).where(Pool.id.in_(pool_ids), Pool.space_id.in_(spaces))
        return (await self.session.scalars(query)).all()

    async def with_certificate(self, fingerprint: str) -> PoolId | None:
        query = select(Pool.id).where(Pool.fingerprint == fingerprint)
        return await self.session.scalar(query)

    async def write(self, pool: Pool) -> None:
        """Write now, so that what the database refuses is said by us."""
        space_id = pool.space_id  # which nobody can read any more once it is refused
        self.session.add(pool)
        try:
            await self.session.flush()
        except IntegrityError as error:
            raise PoolSpaceError(space=space_id) from error

    async def remove(self, pool: Pool) -> None:
        try:
            async with self.session.begin_nested():
                await self.session.delete(pool)
        except IntegrityError as error:
            raise PoolInUseError(pool=pool.id, users="something new") from error


@dataclass(frozen=True, slots=True)
class WorkerStore:
    session: AsyncSession

    async def find(
        self, pool_id: PoolId, worker_id: WorkerId, *, lock: bool = False
    ) -> Worker | None:
        worker = await self.session.get(
            Worker, worker_id, with_for_update=lock, populate_existing=lock
        )
        return worker if worker and worker.pool_id == pool_id else None

    async def get(
        self, pool_id: PoolId, worker_id: WorkerId, *, lock: bool = False
    ) -> Worker:
        worker = await self.find(pool_id, worker_id, lock=lock)
        if worker is None:
            raise WorkerNotFoundError(worker=worker_id, pool=pool_id)
        return worker

    async def put(
        self,
        pool_id: PoolId,
        worker_id: WorkerId,
        said: Introduction,
        *,
        at: datetime,
    ) -> Worker | None:
        """Return the worker's row, locked, made if it is new.

        None if the id is another pool's worker, or if the pool is gone: who claims
        somebody else's name gets nothing.
        """
        values = {
            "id": worker_id,
            "pool_id": pool_id,
            "version": said.version,
            "tags": said.metadata,
            "registered_at": at,
            "available_at": at,
            "seen_at": at,
            "drained": False,
        }
        is_pool = select(Pool.id).where(Pool.id == pool_id).with_for_update(read=True)
        if await self.session.scalar(is_pool) is None:
            return None
        await self.session.execute(
            insert(Worker).values(values).on_conflict_do_nothing()
        )
        return await self.find(pool_id, worker_id, lock=True)

    async def of(self, pool_ids: Collection[PoolId]) -> Sequence[Worker]:
        query = (
            select(Worker)
            .where(Worker.pool_id.in_(pool_ids))
            .order_by(Worker.pool_id, Worker.registered_at.desc(), Worker.id)
        )
        return (await self.session.scalars(query)).all()

    async def counts(self, pool_ids: Collection[PoolId]) -> dict[PoolId, PoolCounts]:
        busy = func.count(Worker.leg_id)
        query = (
            select(Worker.pool_id, func.count(), busy)
            .where(Worker.pool_id.in_(pool_ids))
            .group_by(Worker.pool_id)
        )
        rows = await self.session.execute(query)
        return {pool: PoolCounts(total, taken) for pool, total, taken in rows}

    async def claim(self, pool_id: PoolId, leg_id: LegId) -> WorkerId | None:
        """Give an idle slot of the pool to the leg, the newest first.

        One statement: of any number at once, each gets another slot or none. Rows that
        somebody holds are passed over first; if no other is idle they are waited for,
        since a heartbeat may be all that holds them.
        """
        return await self._claim(pool_id, leg_id, passing_over=True) or (
            await self._claim(pool_id, leg_id, passing_over=False)
        )

    async def _claim(
        self, pool_id: PoolId, leg_id: LegId, *, passing_over: bool
    ) -> WorkerId | None:
        idle = (
            select(Worker.id)
            .where(
                Worker.pool_id == pool_id,
                Worker.leg_id.is_(None),
                Worker.drained.is_(False),
                Worker.suspect_at.is_(None),
            )
            .order_by(Worker.registered_at.desc(), Worker.id)
            .limit(1)
            .with_for_update(skip_locked=passing_over)
            .scalar_subquery()
        )
        claimed = await self.session.execute(
            update(Worker)
            .where(Worker.id == idle)
            .values(leg_id=leg_id, available_at=None)
            .returning(Worker.id)
            .execution_options(synchronize_session=False)
        )
        return claimed.scalar_one_or_none()

    async def release(self, leg_id: LegId, *, at: datetime) -> PoolId | None:
        """Free the slot that the leg holds; return its pool if it can be used again."""
        freed = await self.session.execute(
            update(Worker)
            .where(Worker.leg_id == leg_id)
            .values(leg_id=None, available_at=at)
            .returning(Worker.pool_id, Worker.drained)
            .execution_options(synchronize_session=False)
        )
        row = freed.one_or_none()
        return row.pool_id if row and not row.drained else None

    async def beat(self, server_id: str, *, since: datetime, at: datetime) -> None:
        """Keep that a server hears workers, and forget those that went long ago."""
        pulse = {"server_id": server_id, "since": since, "seen_at": at}
        await self.session.execute(
            insert(BrokerPulse)
            .values(pulse)
            .on_conflict_do_update(
                index_elements=[BrokerPulse.server_id], set_={"seen_at": at}
            )
        )
        gone = BrokerPulse.seen_at < at - PULSE_KEPT
        await self.session.execute(delete(BrokerPulse).where(gone))

    async def heard_since(self, *, alive: datetime) -> datetime | None:
        """Return since when workers are heard, by servers that beat since *alive*."""
        first = select(func.min(BrokerPulse.since))
        query = first.where(BrokerPulse.seen_at >= alive)
        return (await self.session.execute(query)).scalar_one()

    async def silent_since(self, moment: datetime) -> Sequence[Worker]:
        query = (
            select(Worker)
            .where(Worker.seen_at < moment)
            .order_by(Worker.id)
            .with_for_update(skip_locked=True)
        )
        return (await self.session.scalars(query)).all()

    async def remove(self, worker: Worker) -> None:
        await self.session.execute(delete(Worker).where(Worker.id == worker.id))
