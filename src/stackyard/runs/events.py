from dataclasses import dataclass

from stackyard.kernel.events import Event
from stackyard.kernel.ids import LegId, PoolId, RunId, StackId


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQueued(Event):
    run_id: RunId
    stack_id: StackId


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitsSought(Event):
    """Queued runs of these stacks still lack their commit."""

    stack_ids: tuple[StackId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfirmed(Event):
    run_id: RunId
    pool_id: PoolId


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReplanRequested(Event):
    run_id: RunId
    pool_id: PoolId


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReviewed(Event):
    """Somebody gave their word on it; whether that is enough, others decide."""

    run_id: RunId
    stack_id: StackId


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStopRequested(Event):
    run_id: RunId
    leg_id: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(Event):
    run_id: RunId
    stack_id: StackId


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftFound(Event):
    """A run that only looked has ended, and what is there is not what should be."""

    run_id: RunId
    stack_id: StackId


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverDue(Event):
    """Published with a delay: by now the worker must have accepted the leg."""

    leg_id: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEnded(Event):
    run_id: RunId
    state_version: int
