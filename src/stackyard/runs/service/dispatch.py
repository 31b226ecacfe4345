"""How a run finds its worker. Only the platform itself does these things.

Gate, claim and undo are each one transaction. Nothing here waits for the network:
what must be fetched or sent is done between two of them (see `reactions`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from stackyard.kernel.access import SYSTEM, Access, Action, Subject
from stackyard.kernel.clock import Clock
from stackyard.kernel.events import Outbox
from stackyard.kernel.ids import ROOT, LegId, PoolId, RunId, StackId, new_ulid
from stackyard.kernel.needs import Rule, needs
from stackyard.runs.chain import Turn
from stackyard.runs.events import CommitsSought, HandoverDue
from stackyard.runs.leg import Leg
from stackyard.runs.model import Run
from stackyard.runs.service.chains import Chains
from stackyard.runs.service.progress import Progress
from stackyard.runs.states import PREPARATORY, RunState
from stackyard.runs.store import RunStore
from stackyard.stacks import Project, Stacks
from stackyard.workers import Workers


@dataclass(frozen=True, slots=True)
class Claim:
    """A run and the worker whose slot it was given."""

    run: Run
    leg: Leg


@dataclass(frozen=True, slots=True)
class Gate:
    """What a look at a stack's gate has shown.

    `pool_id` is the pool whose workers should look; None: nobody can go on here.
    """

    pool_id: PoolId | None
    lacks_commit: bool  # of a queued run: it is to be looked up before it may pass


@dataclass(frozen=True, slots=True)
class Dispatch:
    store: RunStore
    stacks: Stacks
    workers: Workers
    chains: Chains
    progress: Progress
    access: Access
    outbox: Outbox
    clock: Clock
    handover: timedelta  # by then a worker must have accepted a leg

    @needs(Rule.PLATFORM)
    async def without_commit(self, stack_id: StackId, *, by: Subject) -> list[Run]:
        """Return the queued runs whose commit is still to be looked up."""
        await self._require(by)
        return [run for run in await self.store.queued(stack_id) if not run.code_known]

    @needs(Rule.PLATFORM)
    async def seek_commits(
        self, stack_ids: Collection[StackId], *, by: Subject
    ) -> None:
        """Have looked up once more what was not to be had so far."""
        await self._require(by)
        if stack_ids:
            at = self.clock()
            await self.outbox.add(CommitsSought(stack_ids=tuple(stack_ids), at=at))

    @needs(Rule.PLATFORM)
    async def set_commit(
        self, run_id: RunId, commit: dict[str, Any], *, by: Subject
    ) -> None:
        await self._require(by)
        run = await self.store.get(run_id, lock=True)
        if run.state is RunState.QUEUED:
            run.commit = commit

    @needs(Rule.PLATFORM)
    async def fail(self, run_id: RunId, note: str, *, by: Subject) -> None:
        """Give a run up whose code cannot be had, for a reason that its owner reads.

        Not while nobody is there to run it: what is amiss may be put in order until
        then. It is looked up again, by the sweeper at the latest.
        """
        await self._require(by)
        run = await self.store.get(run_id, lock=True)
        if not run.state.is_final and await self._has_workers(run.stack_id):
            await self.progress.record(run, run.fail(note, at=self.clock()))

    @needs(Rule.PLATFORM)
    async def gate(self, stack_id: StackId, *, by: Subject) -> Gate:
        """Let through what may go."""
        await self._require(by)
        await self.store.lock_stack(stack_id)
        stack = await self.stacks.find_project(stack_id, by=by)
        queued = await self._with_prospects(stack_id)
        lacks_commit = not all(run.code_known for run in queued)
        if stack is None or stack.worker_pool_id is None or stack.is_disabled:
            return Gate(None, lacks_commit)
        blocked = bool(await self.store.blockers([stack_id]))
        for run in queued:
            if not run.code_known:
                if run.type.blocking:
                    blocked = True  # order is kept: those behind it wait as well
                continue
            if run.type.blocking and blocked:
                continue
            if run.awaits_upstream and not await self._is_its_turn(run):
                blocked = blocked or not run.state.is_final
                continue
            blocked = blocked or run.type.blocking
            await self._let_through(run, stack)
        return Gate(stack.worker_pool_id, lacks_commit)

    @needs(Rule.PLATFORM)
    async def hold_gate(self, stack_id: StackId, *, by: Subject) -> None:
        """Let nobody through until we commit.

        For who is about to lock the stack's row: the gate comes first everywhere, or
        two would wait for one another.
        """
        await self._require(by)
        await self.store.lock_stack(stack_id)

    @needs(Rule.PLATFORM)
    async def claim(self, pool_id: PoolId, *, by: Subject) -> Claim | None:
        """Give the next waiting run of the pool to an idle worker, atomically.

        The worker's slot is a row: claiming it is the one statement that can succeed
        once. Run, leg and slot become visible together or not at all.
        """
        await self._require(by)
        run = await self.store.next_waiting(pool_id)
        if run is None:
            return None
        leg_id = LegId(new_ulid())
        worker_id = await self.workers.claim(pool_id, leg_id, by=by)
        if worker_id is None:
            return None
        at = self.clock()
        await self.progress.record(run, run.assign(at=at))
        leg = Leg.claim(run, leg_id=leg_id, worker_id=worker_id, at=at)
        await self.store.add_leg(leg)
        await self.outbox.add(
            HandoverDue(leg_id=leg_id, at=at),
            delay_seconds=self.handover.total_seconds(),
        )
        return Claim(run, leg)

    @needs(Rule.PLATFORM)
    async def undo_unaccepted(self, leg_id: LegId, *, by: Subject) -> PoolId | None:
        """Let the run wait again if its worker did not accept it in time."""
        await self._require(by)
        leg = await self.store.find_leg(leg_id, lock=True)
        if leg is None or leg.accepted_at is not None or not leg.is_open:
            return None
        at = self.clock()
        leg.ended_at = at
        run = await self.store.get(leg.run_id, lock=True)
        if run.state in PREPARATORY:
            await self.progress.record(run, run.unassign(at=at))
        await self.workers.release(leg_id, by=by)
        return leg.pool_id

    @needs(Rule.PLATFORM)
    async def overdue_legs(self, *, by: Subject) -> Sequence[LegId]:
        """Return legs that nobody accepted in time, and whose message was lost."""
        await self._require(by)
        return await self.store.unaccepted_since(self.clock() - 2 * self.handover)

    @needs(Rule.PLATFORM)
    async def waiting_pools(self, *, by: Subject) -> Sequence[PoolId]:
        """Return the pools that runs wait for: what the sweeper looks at."""
        await self._require(by)
        return await self.store.pools_with_waiting_runs()

    @needs(Rule.PLATFORM)
    async def waiting_stacks(self, *, by: Subject) -> Sequence[StackId]:
        """Return the stacks that have queued runs: what the sweeper looks at."""
        await self._require(by)
        return await self.store.stacks_with_queued_runs()

    async def _with_prospects(self, stack_id: StackId) -> list[Run]:
        """Return what waits before the gate; skip what went wrong above has ended.

        Also where nothing can run now: those below wait for these, and so would the
        people who see them.
        """
        queued = []
        for run in await self.store.queued(stack_id):
            reason = None
            if run.awaits_upstream:
                reason = await self.chains.hindrance(run, by=SYSTEM)
            if reason is None:
                queued.append(run)
            else:
                await self._skip(run, reason)
        return queued

    async def _is_its_turn(self, run: Run) -> bool:
        """Ask about a run that waits for runs of other stacks; it may be skipped."""
        decision = await self.chains.decide(run, by=SYSTEM)
        if decision.turn is Turn.SKIP:
            await self._skip(run, decision.note)
        run.awaits_upstream = decision.turn is Turn.WAIT
        return decision.turn is Turn.GO

    async def _skip(self, run: Run, reason: str) -> None:
        await self.progress.record(run, run.skip(reason, at=self.clock()))
        run.awaits_upstream = False

    async def _has_workers(self, stack_id: StackId) -> bool:
        stack = await self.stacks.find_project(stack_id, by=SYSTEM)
        if stack is None or stack.worker_pool_id is None:
            return False
        return bool(await self.workers.of([stack.worker_pool_id], by=SYSTEM))

    async def _let_through(self, run: Run, stack: Project) -> None:
        assert stack.worker_pool_id is not None  # noqa: S101 - asked for by `gate`
        step = run.make_ready(pool_id=stack.worker_pool_id, at=self.clock())
        await self.progress.record(run, step)

    async def _require(self, by: Subject) -> None:
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
