"""What the slice asks of those around it, and no more."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Select

from stackyard.kernel.access import Subject
from stackyard.kernel.ids import RepoId, SpaceId
from stackyard.stacks import CommitFacts

# The spaces a subject may read, as a subquery (`stackyard.spaces.visible_to`).
VisibleSpaces: TypeAlias = Callable[[Subject], Select[SpaceId]]


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression gave: all that can stand in a text."""

    value: str | int | float | bool

    def __repr__(self) -> str:
        return "Value()"  # it may be a secret


@dataclass(frozen=True, slots=True)
class Failed:
    """Why it gave nothing. May quote what it was given."""

    reason: str


Answer: TypeAlias = Value | Failed


class Repositories(Protocol):
    async def heads(
        self, repo_id: RepoId, branches: Collection[str], *, by: Subject
    ) -> Mapping[str, CommitFacts]:
        """Return the newest commits of those of *branches* that there are.

        Raises `NotFoundError` if *by* may not know of the repository.
        """


class Expressions(Protocol):
    """Evaluates what may be hostile: apart from us, with little memory and time."""

    async def evaluate(
        self,
        expressions: Sequence[str],
        values: Mapping[str, Any],
        times: Mapping[str, datetime],
        *,
        compiled_only: int = 0,
    ) -> list[Answer]:
        """Return the answer to each of these; the first few may be compiled only.

        *values* are variables and *times* those that are times, by their dotted names.
        Raises `EvaluationTooLargeError`, or `EvaluatorBusyError`.
        """
