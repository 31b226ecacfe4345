"""Use cases of pools."""

import base64
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import LEGACY, PoolId, SpaceId, new_ulid
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.search import Page, Search
from stackyard.workers.errors import (
    PoolBusyError,
    PoolNotFoundError,
    PoolSpaceError,
    PoolUnreachableError,
)
from stackyard.workers.model import Pool, PoolCounts, PoolSettings, fingerprint
from stackyard.workers.ports import Courier, FindCutOff, Signer, VisibleSpaces
from stackyard.workers.store import PoolStore, WorkerStore
from stackyard_protocol.mqtt import (
    ApiEndpoint,
    BrokerEndpoint,
    PoolToken,
    SelfDestruct,
)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a launcher dials in: part of every pool's token."""

    api: str
    broker: str
    authority: str  # PEM of who signs the broker's certificate


@dataclass(frozen=True, slots=True)
class Pools:
    store: PoolStore
    workers: WorkerStore
    access: Access
    courier: Courier
    signer: Signer
    clock: Clock
    endpoints: Endpoints
    visible_spaces: VisibleSpaces
    find_cut_off: FindCutOff
    trail: Trail

    @needs(Action.SPACE_READ)
    async def find(self, pool_id: PoolId, *, by: Subject) -> Pool | None:
        """Return the pool, or None if there is none that *by* may know of."""
        try:
            return await self.get(pool_id, by=by)
        except NotFoundError:
            return None

    @needs(Action.SPACE_READ)
    async def get(self, pool_id: PoolId, *, by: Subject) -> Pool:
        return await self._load(pool_id, Action.SPACE_READ, by=by)

    @needs(Action.SPACE_READ)
    async def all(self, *, by: Subject) -> Sequence[Pool]:
        return await self.store.all_in(self.visible_spaces(by))

    @needs(Action.SPACE_READ)
    async def search(self, search: Search, *, by: Subject) -> Page[Pool]:
        """Return a page of the pools that *by* may know of. One query."""
        return await self.store.search(search, self.visible_spaces(by))

    @needs(Action.SPACE_READ)
    async def some(
        self, pool_ids: Collection[PoolId], *, by: Subject
    ) -> dict[PoolId, Pool]:
        """Return those of these pools that *by* may know of."""
        found = await self.store.some_of(pool_ids, self.visible_spaces(by))
        return {pool.id: pool for pool in found}

    @needs(Action.SPACE_ADMIN)
    async def count_in(self, space: SpaceId, *, by: Subject) -> int:
        """Return how many pools are in a space, to an administrator of it."""
        await self.access.require(by, Action.SPACE_ADMIN, space=space)
        return await self.store.count_in(space)

    @needs(Action.SPACE_READ)
    async def counts(
        self, pool_ids: Collection[PoolId], *, by: Subject
    ) -> dict[PoolId, PoolCounts]:
        """Return how many workers those of these pools have that *by* may read."""
        return await self.workers.counts(list(await self.some(pool_ids, by=by)))

    @needs(Rule.PLATFORM)
    async def authenticate(self, certificate: bytes, *, by: Subject) -> PoolId | None:
        """Return whose certificate (DER) it is, now."""
        del by  # asked while it is still being found out who is asking
        return await self.store.with_certificate(fingerprint(certificate))

    @needs(Action.SPACE_ADMIN)
    async def tokens(
        self, pool_ids: Collection[PoolId], *, by: Subject
    ) -> dict[PoolId, str]:
        """Return what launchers are given, of those pools that *by* administers."""
        pools = (await self.some(pool_ids, by=by)).values()
        spaces = {pool.space_id for pool in pools}
        administered = await self.access.allowed(by, Action.SPACE_ADMIN, spaces=spaces)
        return {
            pool.id: self._token(pool)
            for pool in pools
            if pool.space_id in administered
        }

    def _token(self, pool: Pool) -> str:
        token = PoolToken(
            pool_ulid=pool.id,
            api=ApiEndpoint(self.endpoints.api),
            broker=BrokerEndpoint(self.endpoints.broker, self.endpoints.authority),
            certificate=pool.certificate,
        )
        return base64.b64encode(msgspec.json.encode(token)).decode()

    @needs(Action.WORKER_POOL_CREATE)
    async def create(
        self, wanted: PoolSettings, signing_request: str, *, by: Subject
    ) -> Pool:
        space_id = wanted.space_id or LEGACY
        await self._require_in(space_id, Action.WORKER_POOL_CREATE, by=by)
        pool_id, at = PoolId(new_ulid()), self.clock()
        pool = Pool(id=pool_id, space_id=space_id, created_at=at)
        pool.change(wanted, at=at)
        pool.certify(self.signer.sign(signing_request, pool_id=pool_id), at=at)
        await self.store.write(pool)
        await self._note("create", pool, by=by)
        return pool

    @needs(Action.WORKER_POOL_UPDATE)
    async def update(
        self, pool_id: PoolId, wanted: PoolSettings, *, by: Subject
    ) -> Pool:
        """Replace all settings. The stacks and modules in it must reach it."""
        pool = await self._load(pool_id, Action.WORKER_POOL_UPDATE, by=by, lock=True)
        space_id = wanted.space_id or pool.space_id
        moves = space_id != pool.space_id
        if moves:
            await self._require_in(space_id, Action.WORKER_POOL_CREATE, by=by)
        pool.change(wanted, at=self.clock())
        await self.store.write(pool)
        lost = await self.find_cut_off(pool.id) if moves else ()
        if lost:
            raise PoolUnreachableError(space=space_id, uses=", ".join(lost))
        await self._note("update", pool, by=by)
        return pool

    @needs(Action.WORKER_POOL_RESET)
    async def reset(
        self, pool_id: PoolId, signing_request: str, *, by: Subject
    ) -> Pool:
        """Give it a new certificate; workers with the old one are cut off."""
        pool = await self._load(pool_id, Action.WORKER_POOL_RESET, by=by, lock=True)
        at = self.clock()
        pool.certify(self.signer.sign(signing_request, pool_id=pool_id), at=at)
        await self.store.write(pool)
        await self.courier.cut(pool_id)
        await self._note("reset", pool, by=by)
        return pool

    @needs(Action.WORKER_POOL_CYCLE)
    async def cycle(self, pool_id: PoolId, *, by: Subject) -> None:
        """Let every worker finish what it has in hand, and then go."""
        pool = await self._load(pool_id, Action.WORKER_POOL_CYCLE, by=by)
        workers = [worker.id for worker in await self.workers.of([pool_id])]
        await self.courier.broadcast(pool_id, workers, SelfDestruct())
        await self._note("cycle", pool, by=by)

    @needs(Action.WORKER_POOL_DELETE)
    async def delete(self, pool_id: PoolId, *, by: Subject) -> Pool | None:
        """Delete the pool, unless stacks use it or it carries out a run; None if it is
        gone.
        """
        try:
            pool = await self._load(
                pool_id, Action.WORKER_POOL_DELETE, by=by, lock=True
            )
        except NotFoundError:
            return None
        counts = await self.workers.counts([pool_id])
        if counts.get(pool_id, PoolCounts()).busy:
            raise PoolBusyError(pool=pool_id)
        await self.store.remove(pool)
        await self.courier.cut(pool_id)
        await self._note("delete", pool, by=by)
        return pool

    async def _note(self, verb: str, pool: Pool, *, by: Subject) -> None:
        await self.trail.note(
            f"worker_pool.{verb}",
            Resource(ResourceType.WORKER_POOL, pool.id),
            space=pool.space_id,
            facts={"ID": pool.id, "Name": pool.name},
            by=by,
        )

    async def _load(
        self, pool_id: PoolId, action: Action, *, by: Subject, lock: bool = False
    ) -> Pool:
        pool = await self.store.get(pool_id, lock=lock)
        try:
            await self.access.require(by, action, space=pool.space_id)
        except NotFoundError as error:  # and never: that space does not exist
            raise PoolNotFoundError(pool=pool_id) from error
        return pool

    async def _require_in(self, space: SpaceId, action: Action, *, by: Subject) -> None:
        try:
            await self.access.require(by, action, space=space)
        except NotFoundError as error:
            raise PoolSpaceError(space=space) from error
