"""Runs for tests: the services as a unit builds them, on one real session."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.adapters.crypto.authority import Authority
from stackyard.adapters.mqtt import BrokerCourier
from stackyard.kernel.access import SYSTEM, Subject, SubjectKind
from stackyard.kernel.ids import StackId, WorkerId, new_ulid
from stackyard.kernel.secrets import Vault
from stackyard.kernel.site import Site
from stackyard.kernel.tokens import Tokens
from stackyard.runs import Claim, Gate, Leg, Run, RunState, RunType
from stackyard.spaces import seed
from stackyard.stacks import TrackedCommit
from stackyard.unit import Means, QueueUpkeep, Unit
from stackyard.workers import Endpoints, PoolSettings
from stackyard_protocol.mqtt import Register
from stackyard_protocol.report import (
    Accepted,
    Answer,
    Body,
    Change,
    Entered,
    Planned,
    Report,
)
from tests.support.blobs import MemoryBlobs
from tests.support.certificates import signing_request
from tests.support.fake_vault import MemoryVault
from tests.support.fakes import Clock, MemoryOutbox
from tests.support.stacks import ADA, a_spec

HANDOVER = timedelta(seconds=10)
COMMIT = TrackedCommit("c0ffee1", "Say hello")
_AUTHORITY = Authority.found(clock=Clock())


@dataclass
class Plant:
    """A stack, a pool, and what the platform and its workers do with them."""

    session: AsyncSession
    clock: Clock = field(default_factory=Clock)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)

    def __post_init__(self) -> None:
        means = Means(
            blobs=MemoryBlobs(),
            vault=cast("Vault", MemoryVault()),
            tokens=cast("Tokens", None),  # nobody signs in here
            signer=_AUTHORITY,
            endpoints=Endpoints("http://stackyard.test", "tls://broker:1", ""),
            site=Site("http://stackyard.test", "acme"),
            clock=self.clock,
            handover=HANDOVER,
            follow_every=timedelta(seconds=120),
        )
        self.unit = Unit(
            self.session,
            self.outbox,
            BrokerCourier(self.session),
            cast("QueueUpkeep", None),  # nothing is swept here
            means,
        )

    async def prepare(self, *, autodeploy: bool = False) -> "Plant":
        await seed(self.session, at=self.clock())
        pool = await self.unit.pools.create(
            PoolSettings(name="builders"), signing_request(), by=SYSTEM
        )
        self.pool_id = pool.id
        await self.session.flush()
        self.stack_id = await self.stack("Net", autodeploy=autodeploy)
        return self

    async def stack(self, name: str, *, autodeploy: bool = False) -> StackId:
        spec = a_spec(name=name, worker_pool_id=self.pool_id, autodeploy=autodeploy)
        stack = await self.unit.stacks.create(spec, by=ADA)
        await self.unit.stacks.set_tracked_commit(stack.id, COMMIT, by=SYSTEM)
        await self.session.flush()
        return stack.id

    async def worker(self) -> WorkerId:
        """Return a worker that has just come: idle, and the newest."""
        self.clock.advance(1)
        worker_id = WorkerId(new_ulid())
        payload = msgspec.json.encode(Register(version="1"))
        await self.unit.workers.heard(self.pool_id, worker_id, payload, by=SYSTEM)
        return worker_id

    async def trigger(self, kind: RunType = RunType.TRACKED, **given: Any) -> Run:
        return await self.unit.triggers.trigger(
            self.stack_id, kind=kind, by=ADA, **given
        )

    async def task(self) -> Run:
        return await self.unit.triggers.create_task(self.stack_id, "true", by=ADA)

    async def gate(self) -> Gate:
        return await self.unit.dispatch.gate(self.stack_id, by=SYSTEM)

    async def claim(self) -> Claim | None:
        return await self.unit.dispatch.claim(self.pool_id, by=SYSTEM)

    async def started(self, kind: RunType = RunType.TRACKED) -> "HeldLeg":
        """Return a leg that a worker of its own has accepted."""
        await self.worker()
        await self.trigger(kind)
        return await self.taken()

    async def taken(self) -> "HeldLeg":
        """Let the next run through to a worker, and the worker accept it."""
        await self.gate()
        claim = await self.claim()
        assert claim is not None
        held = HeldLeg(self, claim.run, claim.leg)
        await held.say(Accepted())
        return held


@dataclass
class HeldLeg:
    """A leg in a worker's hands."""

    plant: Plant
    run: Run
    leg: Leg
    said: int = -1

    @property
    def by(self) -> Subject:
        return Subject(SubjectKind.WORKER, self.leg.id, "worker")

    async def say(self, body: Body, *, printed: int | None = None) -> Answer:
        self.said += 1
        return await self.repeat(body, printed=printed)

    async def repeat(self, body: Body, *, printed: int | None = None) -> Answer:
        report = Report(self.said, body, printed)
        legs = self.plant.unit.legs
        return await legs.report(self.leg.id, report, by=self.by)

    async def enter(self, *states: RunState) -> Answer:
        for state in states:
            answer = await self.say(Entered(state))
        return answer

    async def planned(self, *, add: int = 1) -> Answer:
        """Go on to a plan that would add so many resources."""
        await self.enter(RunState.INITIALIZING, RunState.PLANNING)
        changes = [Change(f"x.{one}", "x", ["create"]) for one in range(add)]
        return await self.say(Planned(add, 0, 0, add, False, changes))
