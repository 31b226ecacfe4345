"""What a worker reports while it carries out a leg, and what it is answered.

A report has its effect once: it is told by its sequence, and a repeated one gets the
answer that the first one got, word for word.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import assert_never

import msgspec

from stackyard.identity import Passport
from stackyard.kernel.access import SYSTEM, Access, Action, Subject, SubjectKind
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import ForbiddenError
from stackyard.kernel.ids import ROOT, LegId, RunId
from stackyard.kernel.needs import Rule, needs, note_asked
from stackyard.runs.errors import LegNotFoundError
from stackyard.runs.leg import Leg
from stackyard.runs.model import Run
from stackyard.runs.service.logs import RunLogs
from stackyard.runs.service.progress import Progress
from stackyard.runs.states import STOPPABLE, RunState, RunType
from stackyard.runs.store import RunStore
from stackyard.stacks import Stacks
from stackyard.state import States
from stackyard.workers import Workers
from stackyard_protocol.report import (
    Accepted,
    Answer,
    Archived,
    Body,
    Ended,
    Entered,
    Lost,
    Next,
    Planned,
    Report,
)


def workspace_key(leg: Leg) -> str:
    """Return where the leg's archived workspace lies in its bucket."""
    return f"workspaces/{leg.run_id}/{leg.id}"


@dataclass(frozen=True, slots=True)
class Legs:
    store: RunStore
    stacks: Stacks
    workers: Workers
    states: States
    logs: RunLogs
    progress: Progress
    access: Access
    clock: Clock

    @needs(Rule.ANYBODY)
    async def authenticate(
        self, leg_id: LegId, token: str, *, by: Subject
    ) -> tuple[Leg, Subject]:
        """Return the leg and the worker that carries it out, or raise
        `LegNotFoundError`.

        The answer is the same for a leg that never was and for a wrong token.
        """
        del by  # anybody may try
        leg = await self.store.leg(leg_id)
        digest = hashlib.sha256(token.encode()).digest()
        if leg.token_digest is None or not hmac.compare_digest(
            digest, leg.token_digest
        ):
            raise LegNotFoundError(leg=leg_id)
        return leg, Subject(SubjectKind.WORKER, leg.id, f"worker {leg.worker_id}")

    @needs(Rule.PLATFORM)
    async def give_token(self, leg_id: LegId, token: str, *, by: Subject) -> bool:
        """Make *token* the leg's; False if the leg was taken back in the meantime."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        leg = await self.store.leg(leg_id, lock=True)
        if not leg.is_open or leg.accepted_at is not None:
            return False
        leg.token_digest = hashlib.sha256(token.encode()).digest()
        return True

    @needs(Rule.WORKER)
    async def get(self, leg_id: LegId, *, by: Subject) -> Leg:
        """Return the leg to the worker that carries it out, or to the platform."""
        _ensure_own(leg_id, by)
        return await self.store.leg(leg_id)

    @needs(Rule.WORKER)
    async def report(self, leg_id: LegId, report: Report, *, by: Subject) -> Answer:
        """Take the worker's word and say how to go on."""
        _ensure_own(leg_id, by)
        leg = await self.store.leg(leg_id, lock=True)
        if leg.answer is not None and report.sequence <= leg.sequence:
            return msgspec.convert(leg.answer, Answer)
        run = await self.store.get(leg.run_id, lock=True)
        if report.printed is not None:
            await self.logs.expect(leg, report.printed, by=by)
        if leg.is_open:
            answer = await self._take(run, leg, report.body)
        else:
            answer = _answer(run, Next.LET_GO)
        leg.sequence, leg.answer = report.sequence, msgspec.to_builtins(answer)
        return answer

    @needs(Rule.WORKER)
    async def run_of(self, leg_id: LegId, *, by: Subject) -> Run:
        """Return the run that the leg is of."""
        _ensure_own(leg_id, by)
        leg = await self.store.leg(leg_id)
        return await self.store.get(leg.run_id)

    @needs(Rule.PLATFORM)
    async def give_up(self, leg_id: LegId, note: str, *, by: Subject) -> None:
        """Fail the run of a claim that can never be handed over."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        leg = await self.store.leg(leg_id, lock=True)
        if not leg.is_open:
            return
        run = await self.store.get(leg.run_id, lock=True)
        await self.progress.record(run, run.fail(note, at=self.clock()))
        await self._close(leg)

    @needs(Rule.PLATFORM)
    async def lose(self, leg_id: LegId, *, by: Subject) -> None:
        """The worker is gone: an accepted leg fails its run, a mere claim is undone."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        leg = await self.store.find_leg(leg_id, lock=True)
        if leg is None or not leg.is_open:
            return
        run = await self.store.get(leg.run_id, lock=True)
        if leg.accepted_at is None:
            await self.progress.record(run, run.unassign(at=self.clock()))
            await self._close(leg)
            return
        await self._fail_lost(run, leg, "The worker disappeared")
        await self.logs.end_all(run.id, by=SYSTEM)

    @needs(Rule.PLATFORM)
    async def is_active(self, run_id: RunId, *, by: Subject) -> bool:
        """Whether a worker carries the run out right now: its token is good so long."""
        del by  # asked while it is still being found out who is asking
        leg = await self.store.open_leg(run_id)
        return leg is not None and leg.accepted_at is not None

    @needs(Rule.PLATFORM)
    async def passport(self, run_id: RunId, *, by: Subject) -> Passport | None:
        """Return what is known of a run that a worker carries out; None of another."""
        del by  # asked while it is still being found out who is asking
        return await self.store.passport(run_id)

    @needs(Rule.PLATFORM)
    async def may_write_state(self, run_id: RunId, *, by: Subject) -> bool:
        """Whether the run is on a worker and of a type that may change things."""
        run = await self.store.find(run_id)
        return (
            run is not None
            and run.type.blocking
            and await self.is_active(run_id, by=by)
        )

    async def _take(self, run: Run, leg: Leg, body: Body) -> Answer:
        match body:
            case Accepted():
                leg.accepted_at = self.clock()
                return self._go_on(run)
            case Entered():
                return await self._enter(run, RunState(body.state))
            case Planned():
                return await self._planned(run, body)
            case Archived():
                return await self._archived(run, leg, body)
            case Ended():
                return await self._ended(run, leg, body)
            case Lost():
                await self._fail_lost(run, leg, body.note)
                return _answer(run, Next.LET_GO)
            case _:
                assert_never(body)

    def _go_on(self, run: Run) -> Answer:
        stop = run.stop_requested and run.state in STOPPABLE
        return _answer(run, Next.STOP if stop else Next.GO_ON)

    async def _enter(self, run: Run, state: RunState) -> Answer:
        if run.stop_requested and run.state in STOPPABLE:
            return _answer(run, Next.STOP)
        await self.progress.record(run, run.enter(state, at=self.clock()))
        return self._go_on(run)

    async def _planned(self, run: Run, plan: Planned) -> Answer:
        run.record_plan(plan)
        stack = await self.stacks.project(run.stack_id, by=SYSTEM)
        confirmed = stack.autodeploy or run.force_apply
        automatic = confirmed and stack.locked_by is None
        return _answer(run, run.after_plan(plan, automatic=automatic))

    async def _archived(self, run: Run, leg: Leg, archive: Archived) -> Answer:
        step = run.park(key=workspace_key(leg), sha256=archive.sha256, at=self.clock())
        await self.progress.record(run, step)
        await self._close(leg)
        return _answer(run, Next.LET_GO)

    async def _ended(self, run: Run, leg: Leg, end: Ended) -> Answer:
        state = RunState(end.state)
        applied = run.state is RunState.APPLYING
        step = run.end(state, at=self.clock(), note=end.note)
        # what went wrong hands nothing on: it changes for those below when all is well
        outputs = end.outputs if state is RunState.FINISHED else None
        if outputs is not None or end.resources is not None:
            changed = await self.states.replace(
                run.stack_id,
                outputs=outputs,
                resources=end.resources,
                run_id=run.id,
                by=SYSTEM,
            )
            if applied and outputs is not None:
                changed += await self.store.changed_by_tasks(run.stack_id)
            run.changed_outputs = None if outputs is None else changed
        await self.progress.record(run, step)
        await self._close(leg)
        return _answer(run, Next.LET_GO)

    async def _fail_lost(self, run: Run, leg: Leg, what: str) -> None:
        note = f"{what} while the run was {run.state}."
        if run.type is RunType.TESTING and run.state.may_have_made:
            note += " What the test case had made may still be there: look for it."
        elif run.state is RunState.APPLYING:
            note += (
                " Some changes may have been made: what Terraform had written of the"
                " state is kept. Look at it, then plan again."
            )
        if run.state.on_worker:
            step = run.end(RunState.FAILED, at=self.clock(), note=note)
            await self.progress.record(run, step)
        await self._close(leg)

    async def _close(self, leg: Leg) -> None:
        """Free what the leg held: its slot, and locks on the state."""
        leg.ended_at = self.clock()
        await self.states.release_locks_of_run(leg.run_id, by=SYSTEM)
        await self.workers.release(leg.id, by=SYSTEM)


def _answer(run: Run, following: Next) -> Answer:
    return Answer(
        next=following,
        state=run.state,
        state_version=run.state_version,
        note=run.stop_note if following is Next.STOP else None,
    )


def _ensure_own(leg_id: LegId, by: Subject) -> None:
    own = by.kind is SubjectKind.WORKER and by.id == leg_id
    note_asked(Rule.WORKER)
    if not (own or by.kind is SubjectKind.SYSTEM):
        raise ForbiddenError(leg=leg_id)
