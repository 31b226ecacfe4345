"""The life of a run. Pure: every rule here is tested without a database."""

from datetime import datetime, timedelta
from typing import Any, Final, Self

import msgspec
from sqlalchemy import ForeignKey, Index, false, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from stackyard.kernel.ids import LegId, PoolId, RunId, StackId, WorkerId, new_ulid
from stackyard.kernel.orm import Entity
from stackyard.runs.errors import RunTransitionError, WorkspaceExpiredError
from stackyard.runs.states import (
    DISCARDABLE,
    ON_WORKER,
    STEPS,
    STOPPABLE,
    RunState,
    RunType,
)
from stackyard.stacks import RuntimeConfig
from stackyard_protocol.job import LegKind
from stackyard_protocol.report import Change, Next, Planned

WORKSPACE_LIFE: Final = timedelta(days=7)  # the workspace bucket's retention


class Run(Entity):
    """One attempt to bring a stack's infrastructure to what its code says."""

    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_stack_id_id", "stack_id", "id"),
        # At most one run of a stack holds its blocker, whatever the code above does.
        Index(
            "uq_runs_blocker",
            "stack_id",
            unique=True,
            postgresql_where=text("holds_blocker"),
        ),
        Index(
            "ix_runs_waiting",
            "pool_id",
            "state",
            postgresql_where=text("state IN ('READY', 'CONFIRMED')"),
        ),
        Index("ix_runs_queued", "stack_id", postgresql_where=text("state = 'QUEUED'")),
        Index("ix_runs_pool_id", "pool_id"),
    )

    id: Mapped[RunId] = mapped_column(primary_key=True)
    stack_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE")
    )
    pool_id: Mapped[PoolId | None] = mapped_column(
        ForeignKey("worker_pools.id", ondelete="SET NULL")
    )
    type: Mapped[RunType]
    state: Mapped[RunState]
    state_version: Mapped[int] = mapped_column(default=0)
    holds_blocker: Mapped[bool] = mapped_column(default=False)
    prioritized: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    triggered_by: Mapped[str | None] = mapped_column(default=None)
    branch: Mapped[str]
    commit: Mapped[dict[str, Any] | None] = mapped_column(JSONB, default=None)
    command: Mapped[str | None] = mapped_column(default=None)
    skip_init: Mapped[bool] = mapped_column(default=False)
    retry_of: Mapped[RunId | None] = mapped_column(default=None)
    user_metadata: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    # Runs of stacks above have to end before it goes, or is skipped.
    awaits_upstream: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Names of outputs that its apply made or changed; None: it applied nothing.
    changed_outputs: Mapped[list[str] | None] = mapped_column(ARRAY(Text), default=None)
    drift_detection: Mapped[bool] = mapped_column(default=False, server_default=false())
    runtime_row: Mapped[dict[str, Any] | None] = mapped_column(
        "runtime_config", JSONB(none_as_null=True), default=None
    )
    stop_requested: Mapped[bool] = mapped_column(default=False)
    stop_note: Mapped[str | None] = mapped_column(default=None)
    add_count: Mapped[int | None] = mapped_column(default=None)
    change_count: Mapped[int | None] = mapped_column(default=None)
    delete_count: Mapped[int | None] = mapped_column(default=None)
    resource_count: Mapped[int | None] = mapped_column(default=None)
    changes: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB, default=None)
    workspace_key: Mapped[str | None] = mapped_column(default=None)
    workspace_sha256: Mapped[str | None] = mapped_column(default=None)

    @property
    def title(self) -> str:
        """Return what a list shows: the task's command, or the commit's first line."""
        if self.command:
            return self.command
        message = (self.commit or {}).get("message") or ""
        return message.partition("\n")[0] or f"{self.type.capitalize()} run"

    @property
    def runtime_config(self) -> RuntimeConfig | None:
        """Return what it is given of its own; None: all is as the stack says."""
        return msgspec.convert(self.runtime_row, RuntimeConfig | None)

    @property
    def has_found_drift(self) -> bool:
        looked = self.drift_detection and self.type is RunType.PROPOSED
        return looked and self.state is RunState.FINISHED and bool(self.changes)

    @property
    def leg_kind(self) -> LegKind:
        """Return what the next stay on a worker is for."""
        if self.state in {RunState.CONFIRMED, RunState.PREPARING_APPLY}:
            return LegKind.APPLY
        return {
            RunType.TASK: LegKind.TASK,
            RunType.DESTROY: LegKind.DESTROY,
        }.get(self.type, LegKind.PLAN)

    def make_ready(self, *, pool_id: PoolId, at: datetime) -> "Transition":
        """Let it wait for a worker; a blocking run now holds its stack's blocker."""
        self._ensure({RunState.QUEUED}, "become ready")
        self.holds_blocker = self.type.blocking
        self.pool_id = pool_id
        return self._go(RunState.READY, at=at)

    def skip(self, note: str, *, at: datetime) -> "Transition":
        """What it was to come after gives no cause for it."""
        self._ensure({RunState.QUEUED}, "be skipped")
        return self._go(RunState.SKIPPED, at=at, note=note)

    def assign(self, *, at: datetime) -> "Transition":
        """A worker's slot was claimed for it."""
        self._ensure({RunState.READY, RunState.CONFIRMED}, "be assigned")
        applying = self.state is RunState.CONFIRMED
        return self._go(
            RunState.PREPARING_APPLY if applying else RunState.PREPARING, at=at
        )

    def unassign(self, *, at: datetime) -> "Transition":
        """The worker did not take it in time: it waits for the next one."""
        self._ensure({RunState.PREPARING, RunState.PREPARING_APPLY}, "wait again")
        applying = self.state is RunState.PREPARING_APPLY
        return self._go(
            RunState.CONFIRMED if applying else RunState.READY,
            at=at,
            note="The worker did not take the run in time; waiting for another one.",
        )

    def enter(self, state: RunState, *, at: datetime) -> "Transition":
        """The worker goes from one phase into the next."""
        if state not in STEPS.get(self.state, set()):
            raise RunTransitionError(run=self.id, state=self.state, verb=f"go {state}")
        if state is RunState.APPLYING and self.type is not RunType.TRACKED:
            raise RunTransitionError(run=self.id, state=self.state, verb="apply")
        return self._go(state, at=at)

    def record_plan(self, plan: Planned) -> None:
        self._ensure({RunState.PLANNING}, "take a plan")
        self.add_count, self.change_count = plan.add, plan.change
        self.delete_count, self.resource_count = plan.delete, plan.resources
        self.changes = msgspec.to_builtins(plan.changes)

    def after_plan(self, plan: Planned, *, automatic: bool) -> Next:
        """Decide what a plan leads to: the end, an apply, or a question.

        A proposed run can never be applied. *automatic*: the stack deploys by itself
        and nobody holds its lock.
        """
        if self.stop_requested:
            return Next.STOP
        nothing = not (plan.changes or plan.outputs_changed)
        if self.type is not RunType.TRACKED or nothing:
            return Next.FINISH
        return Next.APPLY if automatic else Next.ARCHIVE

    def park(self, *, key: str, sha256: str, at: datetime) -> "Transition":
        """The workspace is archived; a person has the word."""
        self._ensure({RunState.PLANNING}, "wait for confirmation")
        self.workspace_key, self.workspace_sha256 = key, sha256
        return self._go(RunState.UNCONFIRMED, at=at)

    def confirm(self, *, by: str, at: datetime) -> "Transition":
        self._ensure({RunState.UNCONFIRMED}, "be confirmed")
        if self.expired(at):
            raise WorkspaceExpiredError(run=self.id)
        return self._go(RunState.CONFIRMED, at=at, by=by)

    def expired(self, at: datetime) -> bool:
        """Whether the archived workspace is gone by now."""
        waits = self.state is RunState.UNCONFIRMED
        return waits and at - self.changed_at > WORKSPACE_LIFE

    def discard(self, *, by: str, at: datetime) -> "Transition":
        self._ensure(DISCARDABLE, "be discarded")
        return self._go(RunState.DISCARDED, at=at, by=by)

    def cancel(self, *, by: str, at: datetime) -> "Transition":
        self._ensure({RunState.QUEUED, RunState.READY}, "be canceled")
        return self._go(RunState.CANCELED, at=at, by=by)

    def request_stop(self, *, note: str | None) -> None:
        """Wish that it stops. The worker decides: nothing that changes is cut short."""
        self._ensure(STOPPABLE, "be stopped")
        self.stop_requested, self.stop_note = True, note

    def end(
        self, state: RunState, *, at: datetime, note: str | None = None
    ) -> "Transition":
        """The worker is done, one way or the other."""
        self._ensure(ON_WORKER, "end")
        if state is RunState.STOPPED:
            self._ensure(STOPPABLE, "have been stopped")
            note = note or self.stop_note
        return self._go(state, at=at, note=note)

    def fail(self, note: str, *, at: datetime) -> "Transition":
        """The platform itself must give it up."""
        if self.state.is_final:
            raise RunTransitionError(run=self.id, state=self.state, verb="fail")
        return self._go(RunState.FAILED, at=at, note=note)

    def planned_changes(self) -> list[Change]:
        return msgspec.convert(self.changes or [], list[Change])

    def _ensure(self, places: set[RunState] | frozenset[RunState], verb: str) -> None:
        if self.state not in places:
            raise RunTransitionError(run=self.id, state=self.state, verb=verb)

    def _go(
        self,
        state: RunState,
        *,
        at: datetime,
        by: str | None = None,
        note: str | None = None,
    ) -> "Transition":
        self.state, self.changed_at = state, at
        self.state_version += 1
        if state.is_final:
            self.holds_blocker = False
        return Transition(
            run_id=self.id,
            version=self.state_version,
            state=state,
            at=at,
            username=by,
            note=note,
        )


class Transition(Entity):
    """One line of a run's history. A state may occur more than once."""

    __tablename__ = "run_transitions"

    run_id: Mapped[RunId] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[RunState]
    at: Mapped[datetime]
    username: Mapped[str | None]
    note: Mapped[str | None]

    @property
    def terminal(self) -> bool:
        return self.state.is_final


class Leg(Entity):
    """One stay of a run on a worker.

    What ties the worker's calls to the run: its token, and the sequence of what it
    has reported, so that a repeated report gets the answer that the first one got.
    """

    __tablename__ = "run_legs"
    __table_args__ = (
        Index("ix_run_legs_run_id", "run_id"),
        # A run is on one worker at most, whatever the code above does.
        Index(
            "uq_run_legs_open",
            "run_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[LegId] = mapped_column(primary_key=True)
    run_id: Mapped[RunId] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    worker_id: Mapped[WorkerId]
    pool_id: Mapped[PoolId]
    kind: Mapped[LegKind]
    state_version: Mapped[int]  # of the state that the leg begins in
    claimed_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    token_digest: Mapped[bytes | None] = mapped_column(default=None)
    sequence: Mapped[int] = mapped_column(default=-1)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB, default=None)

    @classmethod
    def claim(
        cls, run: Run, *, leg_id: LegId, worker_id: WorkerId, at: datetime
    ) -> Self:
        """Tie *run*, just assigned, to the worker whose slot was claimed."""
        if run.pool_id is None:
            raise RunTransitionError(run=run.id, state=run.state, verb="be assigned")
        return cls(
            id=leg_id,
            run_id=run.id,
            worker_id=worker_id,
            pool_id=run.pool_id,
            kind=run.leg_kind,
            state_version=run.state_version,
            claimed_at=at,
        )

    @property
    def is_open(self) -> bool:
        return self.ended_at is None


def queue_run(  # noqa: PLR0913 - the facts of a new run, named at every call
    *,
    stack_id: StackId,
    type: RunType,  # noqa: A002 - the contract's name
    branch: str,
    at: datetime,
    triggered_by: str | None = None,
    commit: dict[str, Any] | None = None,
    command: str | None = None,
    skip_init: bool = False,
    retry_of: RunId | None = None,
    user_metadata: str | None = None,
    drift_detection: bool = False,
    runtime_config: RuntimeConfig | None = None,
) -> tuple[Run, Transition]:
    """Return a new run, QUEUED, and the first line of its history."""
    run = Run(
        id=RunId(new_ulid()),
        stack_id=stack_id,
        type=type,
        state=RunState.QUEUED,
        state_version=1,
        holds_blocker=False,
        created_at=at,
        changed_at=at,
        triggered_by=triggered_by,
        branch=branch,
        commit=commit,
        command=command,
        skip_init=skip_init,
        retry_of=retry_of,
        user_metadata=[user_metadata] if user_metadata else [],
        drift_detection=drift_detection,
        runtime_row=msgspec.to_builtins(runtime_config),
    )
    first = Transition(
        run_id=run.id, version=1, state=RunState.QUEUED, at=at, username=triggered_by
    )
    return run, first
