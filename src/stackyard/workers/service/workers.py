"""What workers say, and how their slots are given out and taken back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

import msgspec
import structlog
from ulid import ULID

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.events import Outbox
from stackyard.kernel.ids import ROOT, LegId, PoolId, WorkerId
from stackyard.kernel.needs import Rule, needs
from stackyard.workers.errors import PoolNotFoundError, WorkerMessageError
from stackyard.workers.events import WorkerIdle, WorkerLost, WorkerRegistered
from stackyard.workers.model import Introduction, Worker
from stackyard.workers.ports import Courier, VisibleSpaces
from stackyard.workers.store import PoolStore, WorkerStore
from stackyard_protocol.mqtt import (
    Deregister,
    FromWorker,
    Heartbeat,
    Ping,
    Register,
)

log = structlog.get_logger()

LONGEST_VERSION, LONGEST_TEXT, MOST_TAGS, MOST_LEGS = 128, 4096, 64, 16


def read_message(payload: bytes) -> FromWorker:
    """Return what a worker published, or raise `WorkerMessageError`."""
    try:
        said: FromWorker = msgspec.json.decode(payload, type=FromWorker)
    except msgspec.DecodeError as error:
        raise WorkerMessageError(problem=str(error)) from None
    if isinstance(said, Register):
        _ensure_modest(said)
    return said


@dataclass(frozen=True, slots=True)
class Workers:
    store: WorkerStore
    pools: PoolStore
    access: Access
    outbox: Outbox
    courier: Courier
    clock: Clock
    visible_spaces: VisibleSpaces
    trail: Trail

    @needs(Action.SPACE_READ)
    async def of(
        self, pool_ids: Collection[PoolId], *, by: Subject
    ) -> Sequence[Worker]:
        """Return the workers of those pools that *by* may read, the newest first."""
        pools = await self.pools.some_of(pool_ids, self.visible_spaces(by))
        return await self.store.of([pool.id for pool in pools])

    @needs(Rule.PLATFORM)
    async def heard(
        self, pool_id: PoolId, worker_id: WorkerId, payload: bytes, *, by: Subject
    ) -> None:
        """Take a worker's word. Whose it is was proven by a certificate and a topic."""
        await self._require(by)
        _ensure_ulid(worker_id)
        match read_message(payload):
            case Register() as said:
                await self._register(pool_id, worker_id, said)
            case Heartbeat():
                await self._heartbeat(pool_id, worker_id)
            case Deregister():
                await self._deregister(pool_id, worker_id)
            case never:
                assert_never(never)

    @needs(Action.WORKER_DRAIN_SET)
    async def set_drained(
        self, pool_id: PoolId, worker_id: WorkerId, *, drained: bool, by: Subject
    ) -> Worker:
        """Let it take no run any more, or again.

        The row is locked, as it is for a claim: whoever reads `busy` false after this
        returned can rely on it.
        """
        pool = await self.pools.get(pool_id)
        try:
            await self.access.require(by, Action.WORKER_DRAIN_SET, space=pool.space_id)
        except NotFoundError as error:  # and never: that space does not exist
            raise PoolNotFoundError(pool=pool_id) from error
        worker = await self.store.get(pool_id, worker_id, lock=True)
        worker.drained = drained
        await self.trail.note(
            "worker.drain" if drained else "worker.undrain",
            Resource(ResourceType.WORKER, worker_id),
            related=Resource(ResourceType.WORKER_POOL, pool_id),
            space=pool.space_id,
            by=by,
        )
        if worker.can_take_a_run:
            await self._say_idle(pool_id)
        return worker

    @needs(Rule.PLATFORM)
    async def claim(
        self, pool_id: PoolId, leg_id: LegId, *, by: Subject
    ) -> WorkerId | None:
        """Give an idle slot to the leg; None if there is none."""
        await self._require(by)
        return await self.store.claim(pool_id, leg_id)

    @needs(Rule.PLATFORM)
    async def release(self, leg_id: LegId, *, by: Subject) -> None:
        """Free the slot that the leg holds, if it still does."""
        await self._require(by)
        pool_id = await self.store.release(leg_id, at=self.clock())
        if pool_id is not None:
            await self._say_idle(pool_id)

    @needs(Rule.PLATFORM)
    async def beat(self, server_id: str, *, since: datetime, by: Subject) -> None:
        """Note that the broker of a server, which came up then, hears workers now."""
        await self._require(by)
        await self.store.beat(server_id, since=since, at=self.clock())

    @needs(Rule.PLATFORM)
    async def expire(self, lease: timedelta, *, by: Subject) -> int:
        """Bury workers that were not heard of; return how many.

        None, as long as there was not somebody to hear them for a whole lease: a
        server that was away must not cost the runs that went on without it.
        """
        await self._require(by)
        at, buried = self.clock(), 0
        heard_since = await self.store.heard_since(alive=at - lease / 2)
        if heard_since is None or heard_since > at - lease:
            return 0  # they may have spoken, and nobody heard them
        for worker in await self.store.silent_since(at - lease):
            if worker.is_gone(lease, at=at):
                await self._bury(worker)
                buried += 1
        return buried

    async def _register(
        self, pool_id: PoolId, worker_id: WorkerId, said: Register
    ) -> None:
        at = self.clock()
        introduction = Introduction(said.version, said.metadata)
        worker = await self.store.put(pool_id, worker_id, introduction, at=at)
        if worker is None:
            log.warning("worker.refused", pool=pool_id, worker=worker_id)
            return
        worker.introduce(introduction, at=at)
        await self.outbox.add(
            WorkerRegistered(
                pool_id=pool_id,
                worker_id=worker_id,
                leg_ids=tuple(LegId(leg) for leg in said.legs),
                held=worker.leg_id,
                at=at,
            )
        )
        if worker.can_take_a_run:
            await self._say_idle(pool_id)

    async def _heartbeat(self, pool_id: PoolId, worker_id: WorkerId) -> None:
        worker = await self.store.find(pool_id, worker_id, lock=True)
        if worker is None:  # it was buried, and lives: it has to say who it is
            await self.courier.send(pool_id, worker_id, Ping())
            return
        was_suspect = worker.suspect_at is not None
        worker.see(at=self.clock())
        if was_suspect and worker.can_take_a_run:
            await self._say_idle(pool_id)

    async def _deregister(self, pool_id: PoolId, worker_id: WorkerId) -> None:
        worker = await self.store.find(pool_id, worker_id, lock=True)
        if worker is not None:
            await self._bury(worker)

    async def _bury(self, worker: Worker) -> None:
        await self.store.remove(worker)
        if worker.leg_id is None:
            return
        await self.outbox.add(
            WorkerLost(
                pool_id=worker.pool_id,
                worker_id=worker.id,
                leg_id=worker.leg_id,
                at=self.clock(),
            )
        )

    async def _say_idle(self, pool_id: PoolId) -> None:
        await self.outbox.add(WorkerIdle(pool_id=pool_id, at=self.clock()))

    async def _require(self, by: Subject) -> None:
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)


def _ensure_modest(said: Register) -> None:
    """Refuse what no launcher has to say, and what a row cannot hold."""
    texts = [said.version, *said.metadata, *said.metadata.values(), *said.legs]
    modest = (
        len(said.version) <= LONGEST_VERSION
        and len(said.metadata) <= MOST_TAGS
        and len(said.legs) <= MOST_LEGS
        and all(len(text) <= LONGEST_TEXT and "\0" not in text for text in texts)
    )
    if not modest:
        raise WorkerMessageError(problem="it says too much of itself")


def _ensure_ulid(worker_id: WorkerId) -> None:
    try:
        ULID.from_str(worker_id)
    except ValueError:
        raise WorkerMessageError(worker=worker_id[:64], problem="no ULID") from None
