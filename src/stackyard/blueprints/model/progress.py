"""How far a deployment is, by how far its stacks are. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from stackyard.runs import RunState

# What nothing called for is skipped: it is as it was.
_WELL: Final = {RunState.FINISHED, RunState.SKIPPED}


class DeploymentState(StrEnum):
    """Exactly the set that existing clients know."""

    NONE = "NONE"  # nothing has run yet
    IN_PROGRESS = "IN_PROGRESS"
    UNCONFIRMED = "UNCONFIRMED"  # a run waits for a person
    FINISHED = "FINISHED"
    FAILED = "FAILED"  # a run did, or what the stacks made could not be destroyed
    DESTROYING = "DESTROYING"


@dataclass(frozen=True, slots=True)
class StackProgress:
    """How far one stack is: whether it was to go, is going, and its newest run."""

    going: bool = False
    deleting: bool = False
    run: RunState | None = None


def state_of(stacks: Sequence[StackProgress], *, leaving: bool) -> DeploymentState:
    """Say how far a deployment is; *leaving*: it is to be deleted.

    What still moves comes before what has failed: it may be all well in the end.
    """
    if leaving:
        moves = any(one.deleting for one in stacks)
        kept = any(one.going and not one.deleting for one in stacks)
        failed = kept and not moves
        return DeploymentState.FAILED if failed else DeploymentState.DESTROYING
    return _state_of_runs({one.run for one in stacks if one.run is not None})


def _state_of_runs(states: set[RunState]) -> DeploymentState:
    if not states:
        return DeploymentState.NONE
    if RunState.UNCONFIRMED in states:
        return DeploymentState.UNCONFIRMED
    if not all(state.is_final for state in states):
        return DeploymentState.IN_PROGRESS
    if states <= _WELL and RunState.FINISHED in states:
        return DeploymentState.FINISHED
    return DeploymentState.FAILED
