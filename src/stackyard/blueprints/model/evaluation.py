"""How expressions are evaluated while no transaction waits for that.

A use case asks its `Evaluation`. What has no answer yet ends it: its transaction is
undone, the question is put to the evaluator with none open, and the use case begins
anew. So it asks for leave before, and does what cannot be undone after.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias


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

    def __repr__(self) -> str:
        return "Failed()"


Answer: TypeAlias = Value | Failed


@dataclass(frozen=True, slots=True)
class Question:
    """*values* are variables and *times* those that are times, by their dotted names.

    So many of the first are *compiled_only*: they may name what is not known yet.
    """

    expressions: Sequence[str]
    values: Mapping[str, Any] = field(repr=False)  # secrets among them
    times: Mapping[str, datetime]
    compiled_only: int = 0


class UnansweredError(Exception):
    """The use case cannot go on before this is evaluated. Nobody is told of it."""

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.question = question


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One use of a body: when that is, what is random in it, what is known of it.

    Time and *seed* stay as they are when the use case begins anew, or it would never
    ask the same question twice.
    """

    at: datetime
    seed: str
    question: Question | None = None
    answers: Sequence[Answer] = ()

    def answers_to(self, question: Question) -> Sequence[Answer]:
        """Return the answer to each expression, or raise `UnansweredError`."""
        if not question.expressions:
            return ()
        if question != self.question:
            raise UnansweredError(question)
        return self.answers
