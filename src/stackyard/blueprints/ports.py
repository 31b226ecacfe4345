"""What the slice asks of those around it, and no more."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeAlias

from sqlalchemy import Select

from stackyard.blueprints.model.evaluation import Answer, Question
from stackyard.kernel.access import Subject
from stackyard.kernel.ids import RepoId, SpaceId
from stackyard.stacks import CommitFacts

# The spaces a subject may read, as a subquery (`stackyard.spaces.visible_to`).
VisibleSpaces: TypeAlias = Callable[[Subject], Select[SpaceId]]


class Repositories(Protocol):
    async def heads(
        self, repo_id: RepoId, branches: Collection[str], *, by: Subject
    ) -> Mapping[str, CommitFacts]:
        """Return the newest commits of those of *branches* that there are.

        Raises `NotFoundError` if *by* may not know of the repository.
        """


class Expressions(Protocol):
    """Evaluates what may be hostile: apart from us, with little memory and time."""

    async def evaluate(self, question: Question) -> Sequence[Answer]:
        """Return the answer to each of its expressions.

        Raises `EvaluationTooLargeError`, or `EvaluatorBusyError`.
        """
