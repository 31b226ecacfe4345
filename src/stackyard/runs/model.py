"""The life of a run. Pure: every rule here is tested without a database."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import ForeignKey, Index, LargeBinary, false, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from stackyard.kernel.ids import (
    PoolId,
    RunId,
    StackId,
    WorkspaceId,
    new_ulid,
)
from stackyard.kernel.orm import Entity
from stackyard.kernel.secrets import Sealed
from stackyard.runs.errors import (
    RunTransitionError,
    TargetsMissingError,
    TargetUnknownError,
    WorkspaceExpiredError,
)
from stackyard.runs.states import (
    DISCARDABLE,
    ENDS,
    FINAL,
    HANDED_OVER,
    ON_WORKER,
    PREPARATORY,
    STEPS,
    STOPPABLE,
    RunState,
    RunType,
)
from stackyard.runs.targets import covers
from stackyard.stacks import RuntimeConfig
from stackyard_protocol.job import LegKind
from stackyard_protocol.report import Change, Next, Planned

WORKSPACE_LIFE: Final = timedelta(days=7)  # the workspace bucket's retention
# In words, so that the database sees that its index has all that is asked for.
UNFINISHED: Final = text(f"runs.state NOT IN {tuple(sorted(map(str, FINAL)))}")
_APPLIED: Final = frozenset({RunType.TRACKED, RunType.TESTING})
_CONFIRMED_BEFORE: Final = "Applied at once, as was said when the run was triggered."


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
            "ix_runs_waiting_for_worker",
            "pool_id",
            "state",
            postgresql_where=text(
                "state IN ('READY', 'REPLAN_REQUESTED', 'CONFIRMED')"
            ),
        ),
        Index("ix_runs_queued", "stack_id", postgresql_where=text("state = 'QUEUED'")),
        Index("ix_runs_pool_id", "pool_id"),
        Index("ix_runs_unfinished", "stack_id", "id", postgresql_where=UNFINISHED),
        Index("ix_runs_commit", "stack_id", text("(commit ->> 'hash')")),
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
    # Names of outputs that it made or changed, or tasks since the last run that was
    # applied; None: it left all as it was.
    changed_outputs: Mapped[list[str] | None] = mapped_column(ARRAY(Text), default=None)
    drift_detection: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Whoever triggered it has confirmed it in advance.
    force_apply: Mapped[bool] = mapped_column(default=False, server_default=false())
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
    # What a targeted plan is about; none: everything.
    targets: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    # The upload that it is a run of, if it is not one of a commit; variables that win
    # over all others, sealed.
    local_workspace: Mapped[WorkspaceId | None] = mapped_column(default=None)
    local_sha256: Mapped[str | None] = mapped_column(default=None)
    overrides: Mapped[Sealed | None] = mapped_column(LargeBinary, default=None)
    # Of a module's test case.
    case_name: Mapped[str | None] = mapped_column(default=None)
    expects_failure: Mapped[bool] = mapped_column(default=False, server_default=false())
    workspace_key: Mapped[str | None] = mapped_column(default=None)
    workspace_sha256: Mapped[str | None] = mapped_column(default=None)

    @property
    def title(self) -> str:
        """Return what a list shows: a command, a name, or the commit's first line."""
        if said := self.command or self.case_name:
            return said
        if self.local_workspace:
            return "Preview of a local workspace"
        message = (self.commit or {}).get("message") or ""
        return message.partition("\n")[0] or f"{self.type.capitalize()} run"

    @property
    def finished(self) -> bool:
        return self.state.is_final

    @property
    def code_known(self) -> bool:
        """Whether it is settled what code it is a run of."""
        return bool(self.local_workspace or (self.commit or {}).get("hash"))

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
        if self.state in {RunState.REPLAN_REQUESTED, RunState.PREPARING_REPLAN}:
            return LegKind.REPLAN
        return {
            RunType.TASK: LegKind.TASK,
            RunType.DESTROY: LegKind.DESTROY,
            RunType.TESTING: LegKind.TEST,
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
        self._ensure(frozenset(HANDED_OVER), "be assigned")
        return self._go(HANDED_OVER[self.state], at=at)

    def unassign(self, *, at: datetime) -> "Transition":
        """The worker did not take it in time: it waits for the next one."""
        self._ensure(PREPARATORY, "wait again")
        [waiting] = (one for one, taken in HANDED_OVER.items() if taken is self.state)
        return self._go(
            waiting,
            at=at,
            note="The worker did not take the run in time; waiting for another one.",
        )

    def enter(self, state: RunState, *, at: datetime) -> "Transition":
        """The worker goes from one phase into the next."""
        if state not in STEPS.get(self.state, set()):
            raise RunTransitionError(run=self.id, state=self.state, verb=f"go {state}")
        if state is RunState.APPLYING and self.type not in _APPLIED:
            raise RunTransitionError(run=self.id, state=self.state, verb="apply")
        after = self.state is RunState.APPLYING
        if after and self.type is not RunType.TESTING:
            raise RunTransitionError(run=self.id, state=self.state, verb="destroy")
        unasked = self.state is RunState.PLANNING and state is RunState.APPLYING
        note = _CONFIRMED_BEFORE if unasked and self.force_apply else None
        return self._go(state, at=at, note=note)

    def record_plan(self, plan: Planned) -> None:
        self._ensure({RunState.PLANNING}, "take a plan")
        self.add_count, self.change_count = plan.add, plan.change
        self.delete_count, self.resource_count = plan.delete, plan.resources
        self.changes = msgspec.to_builtins(plan.changes)

    def after_plan(self, plan: Planned, *, automatic: bool) -> Next:
        """Decide what a plan leads to: the end, an apply, or a question.

        A proposed run can never be applied. *automatic*: the stack deploys by itself,
        or the run was confirmed when it was triggered; and nobody holds the lock. Who
        had a part planned anew wants to see it first.
        """
        if self.stop_requested:
            return Next.STOP
        if self.type is RunType.TESTING:
            return Next.APPLY
        nothing = not (plan.changes or plan.outputs_changed)
        if self.type is not RunType.TRACKED or nothing:
            return Next.FINISH
        return Next.APPLY if automatic and not self.targets else Next.ARCHIVE

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

    def request_replan(
        self, targets: Sequence[str], *, by: str, at: datetime
    ) -> "Transition":
        """Wish for a plan of a part only; each target covers a change of this plan."""
        self._ensure({RunState.UNCONFIRMED}, "be planned anew")
        if self.expired(at):
            raise WorkspaceExpiredError(run=self.id)
        planned = {
            address
            for change in self.planned_changes()
            for address in (change.address, change.previous_address)
            if address
        }
        if not targets:
            raise TargetsMissingError(run=self.id)
        for target in targets:
            if not any(covers(target, address) for address in planned):
                raise TargetUnknownError(run=self.id, target=target)
        self.targets = list(dict.fromkeys(targets))
        return self._go(RunState.REPLAN_REQUESTED, at=at, by=by)

    def set_priority(self, *, on: bool) -> None:
        if self.state.is_final:
            raise RunTransitionError(run=self.id, state=self.state, verb="be moved up")
        self.prioritized = on

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
        if state not in ENDS:
            raise RunTransitionError(run=self.id, state=self.state, verb=f"end {state}")
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
    force_apply: bool = False,
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
        targets=[],
        retry_of=retry_of,
        user_metadata=[user_metadata] if user_metadata else [],
        drift_detection=drift_detection,
        runtime_row=msgspec.to_builtins(runtime_config),
        force_apply=force_apply,
    )
    first = Transition(
        run_id=run.id, version=1, state=RunState.QUEUED, at=at, username=triggered_by
    )
    return run, first
