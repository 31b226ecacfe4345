"""The states of a run, and which of them may follow which.

A table of legal steps is not the whole rule: each verb of `Run` names the states
that it leaves. The table is the net below them.
"""

from enum import StrEnum
from typing import Final


class RunType(StrEnum):
    TRACKED = "TRACKED"
    PROPOSED = "PROPOSED"
    TASK = "TASK"
    DESTROY = "DESTROY"
    TESTING = "TESTING"  # of a module's test case: what it makes, it destroys again

    @property
    def blocking(self) -> bool:
        """Whether runs of this type follow one another on their stack."""
        return self not in {RunType.PROPOSED, RunType.TESTING}


class ForceApply(StrEnum):
    """What is applied without waiting for a person's word."""

    SINGLE = "SINGLE"  # the run that is triggered
    CASCADE = "CASCADE"  # and those of all stacks that depend on its own


class RunState(StrEnum):
    QUEUED = "QUEUED"  # not eligible yet: something stands before it
    READY = "READY"  # waits for a free worker
    PREPARING = "PREPARING"
    INITIALIZING = "INITIALIZING"
    PLANNING = "PLANNING"
    UNCONFIRMED = "UNCONFIRMED"  # waits for a person
    REPLAN_REQUESTED = "REPLAN_REQUESTED"  # waits for a worker to plan a part anew
    PREPARING_REPLAN = "PREPARING_REPLAN"
    CONFIRMED = "CONFIRMED"  # waits for a worker to apply
    PREPARING_APPLY = "PREPARING_APPLY"
    APPLYING = "APPLYING"
    PERFORMING = "PERFORMING"
    DESTROYING = "DESTROYING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    DISCARDED = "DISCARDED"
    STOPPED = "STOPPED"
    SKIPPED = "SKIPPED"  # what it was to come after gave no cause for it

    @property
    def is_final(self) -> bool:
        return self in FINAL

    @property
    def on_worker(self) -> bool:
        return self in ON_WORKER

    @property
    def may_have_made(self) -> bool:
        """Whether a test case may have made something that it has not destroyed yet."""
        return self in {RunState.APPLYING, RunState.DESTROYING}


FINAL: Final = frozenset(
    {
        RunState.FINISHED,
        RunState.FAILED,
        RunState.CANCELED,
        RunState.DISCARDED,
        RunState.STOPPED,
        RunState.SKIPPED,
    }
)
# How a worker may end it; the others are for people, and for us.
ENDS: Final = frozenset({RunState.FINISHED, RunState.FAILED, RunState.STOPPED})
ON_WORKER: Final = frozenset(
    {
        RunState.PREPARING,
        RunState.INITIALIZING,
        RunState.PLANNING,
        RunState.PREPARING_REPLAN,
        RunState.PREPARING_APPLY,
        RunState.APPLYING,
        RunState.PERFORMING,
        RunState.DESTROYING,
    }
)
# What waits for a worker → the state in which a worker is about to take it.
HANDED_OVER: Final = {
    RunState.READY: RunState.PREPARING,
    RunState.REPLAN_REQUESTED: RunState.PREPARING_REPLAN,
    RunState.CONFIRMED: RunState.PREPARING_APPLY,
}
WAITING: Final = tuple(HANDED_OVER)
PREPARATORY: Final = frozenset(HANDED_OVER.values())
DISCARDABLE: Final = frozenset(
    {
        RunState.QUEUED,
        RunState.READY,
        RunState.UNCONFIRMED,
        RunState.REPLAN_REQUESTED,
    }
)
STOPPABLE: Final = frozenset(
    {
        RunState.PREPARING,
        RunState.INITIALIZING,
        RunState.PLANNING,
        RunState.PREPARING_REPLAN,
    }
)
# Where people's word on a run can still change what becomes of it.
REVIEWABLE: Final = frozenset({RunState.QUEUED, RunState.UNCONFIRMED})
# Where a worker may go from where it is, besides ending.
STEPS: Final = {
    RunState.PREPARING: {RunState.INITIALIZING, RunState.PERFORMING},
    RunState.INITIALIZING: {
        RunState.PLANNING,
        RunState.PERFORMING,
        RunState.DESTROYING,
    },
    RunState.PLANNING: {RunState.APPLYING},
    RunState.PREPARING_REPLAN: {RunState.PLANNING},
    RunState.PREPARING_APPLY: {RunState.APPLYING},
    RunState.APPLYING: {RunState.DESTROYING},
}
