"""Runs that come of runs, because their stacks depend on one another. Pure.

A tracked run brings a tracked run of every stack below with it, at once. Each waits for
what is above it in this chain, and then goes, or is skipped.
"""

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import RunId, StackId
from stackyard.kernel.orm import Entity
from stackyard.runs.model import Run
from stackyard.runs.states import RunState
from stackyard.stacks import DependencyReference, Edge


class RunWait(Entity):
    """One run goes after another, which is of a stack that its own depends on."""

    __tablename__ = "run_waits"
    __table_args__ = (Index("ix_run_waits_upstream_id", "upstream_id"),)

    run_id: Mapped[RunId] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True
    )
    upstream_id: Mapped[RunId] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True
    )


class Turn(Enum):
    WAIT = auto()
    GO = auto()
    SKIP = auto()


@dataclass(frozen=True, slots=True)
class Decision:
    turn: Turn
    note: str = ""


# What counts as an end from which those below may go on.
_WELL: frozenset[RunState] = frozenset({RunState.FINISHED, RunState.SKIPPED})


def decide(
    upstreams: Sequence[Run],
    above: Iterable[Run],
    handed_on: Mapping[StackId, Sequence[DependencyReference]],
    *,
    since: datetime | None,
) -> Decision:
    """Say whether it is a run's turn.

    *upstreams* are those it waits for, *above* they and all that they wait for. One of
    them is enough to make it go: by a dependency that hands nothing on, or by an output
    that is new. *since*: when the stack last ran; a reference that is younger is new.
    """
    if reason := hindrance(above):
        return Decision(Turn.SKIP, reason)
    if not upstreams:  # their stacks are gone
        return Decision(Turn.GO)
    if not all(run.state.is_final for run in upstreams):
        return Decision(Turn.WAIT)
    for run in upstreams:
        references = handed_on.get(run.stack_id, ())
        if run.state is RunState.FINISHED and _calls(run, references, since):
            return Decision(Turn.GO)
    return Decision(Turn.SKIP, "No output that is handed on has changed.")


def hindrance(above: Iterable[Run]) -> str | None:
    """Return why a run will never have its turn; None as long as it may."""
    for run in above:
        if run.state.is_final and run.state not in _WELL:
            return f'The run {run.id} of "{run.stack_id}" is {run.state}.'
    return None


def stacks_below(
    top: StackId, edges: Sequence[Edge], may_run: Container[StackId]
) -> list[StackId]:
    """Return what depends on *top*, however far away, by way of what may run."""
    found = [top]
    for above in found:
        found += [
            below
            for below, other in edges
            if other == above and below in may_run and below not in found
        ]
    return found[1:]


def variable_of(output: str) -> str:
    """Return the value of a variable that is given an output, which is JSON text."""
    value = json.loads(output)
    return value if isinstance(value, str) else output


def _calls(
    run: Run, references: Sequence[DependencyReference], since: datetime | None
) -> bool:
    changed = run.changed_outputs or ()
    return not references or any(
        one.trigger_always
        or one.output_name in changed
        or since is None
        or one.created_at > since
        for one in references
    )
