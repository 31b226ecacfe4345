"""The `workers` slice in one hand: what a test needs to say what a person would."""

from dataclasses import dataclass, field
from typing import Self

import msgspec
from sqlalchemy import Select, select, values
from sqlalchemy import column as sql_column
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from stackyard.adapters.crypto.authority import Authority
from stackyard.adapters.mqtt import BrokerCourier
from stackyard.kernel.access import SYSTEM, Action, Subject
from stackyard.kernel.ids import LEGACY, ROOT, PoolId, SpaceId, WorkerId, new_ulid
from stackyard.kernel.needs import note_asked
from stackyard.spaces import seed
from stackyard.workers import (
    Endpoints,
    Pool,
    Pools,
    PoolSettings,
    PoolStore,
    Workers,
    WorkerStore,
)
from stackyard_protocol.mqtt import FromWorker, Register
from tests.support.certificates import signing_request
from tests.support.fakes import Clock, MemoryOutbox, MemoryTrail, OpenAccess

_AUTHORITY = Authority.found(clock=Clock())
ENDPOINTS = Endpoints(
    api="https://stackyard.example",
    broker="tls://mqtt.stackyard.example:1984",
    authority=_AUTHORITY.certificate_pem,
)


def built_in_spaces(by: Subject) -> Select[SpaceId]:
    note_asked(Action.SPACE_READ)
    spaces = values(sql_column("id", Text()), name="spaces_seen")
    return select(spaces.data([(ROOT,), (LEGACY,)]).c.id)


async def nobody_cut_off(_pool_id: PoolId) -> list[str]:
    return []


@dataclass
class Yard:
    """Services over one session. `Yard.of` makes one per transaction of a race."""

    session: AsyncSession
    clock: Clock = field(default_factory=Clock)
    access: OpenAccess = field(default_factory=OpenAccess)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    trail: MemoryTrail = field(default_factory=MemoryTrail)
    authority: Authority = field(init=False)
    pools: Pools = field(init=False)
    workers: Workers = field(init=False)

    def __post_init__(self) -> None:
        self.authority = _AUTHORITY
        courier = BrokerCourier(self.session)
        self.pools = Pools(
            PoolStore(self.session),
            WorkerStore(self.session),
            self.access,
            courier,
            self.authority,
            self.clock,
            ENDPOINTS,
            built_in_spaces,
            nobody_cut_off,
            self.trail,
        )
        self.workers = Workers(
            WorkerStore(self.session),
            PoolStore(self.session),
            self.access,
            self.outbox,
            courier,
            self.clock,
            built_in_spaces,
            self.trail,
        )

    def in_another(self, session: AsyncSession) -> Self:
        return type(self)(session, self.clock, self.access, self.outbox, self.trail)

    async def pool(self, name: str = "builders") -> Pool:
        await seed(self.session, at=self.clock())
        pool = await self.pools.create(
            PoolSettings(name=name), signing_request(), by=SYSTEM
        )
        await self.session.flush()
        return pool

    async def hear(
        self, pool_id: PoolId, worker_id: WorkerId, message: FromWorker
    ) -> None:
        payload = msgspec.json.encode(message)
        await self.workers.heard(pool_id, worker_id, payload, by=SYSTEM)

    async def register(
        self, pool_id: PoolId, worker_id: WorkerId | None = None
    ) -> WorkerId:
        """Register a worker, a second after whatever happened last."""
        self.clock.advance(1)
        worker_id = worker_id or WorkerId(new_ulid())
        await self.hear(pool_id, worker_id, Register(version="1"))
        return worker_id
