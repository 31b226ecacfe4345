"""Use cases ask, are undone, and begin anew with the answer."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from stackyard.blueprints import (
    Answer,
    Evaluation,
    EvaluatorBusyError,
    Question,
    Value,
)
from stackyard.evaluations import Evaluations
from stackyard.unit import Unit

NOW = datetime(2030, 1, 1, tzinfo=UTC)
UNIT: Any = None


@dataclass
class Echo:
    """Gives each expression back, and remembers what it was asked."""

    asked: list[Question] = field(default_factory=list)

    async def evaluate(self, question: Question) -> Sequence[Answer]:
        self.asked.append(question)
        return [Value(one) for one in question.expressions]


@asynccontextmanager
async def open_unit() -> AsyncIterator[Unit]:
    yield UNIT


async def test_a_use_case_begins_anew_with_the_answer_and_the_same_chance() -> None:
    seen: list[tuple[datetime, str]] = []

    async def act(_unit: Unit, evaluation: Evaluation) -> Sequence[Answer]:
        seen.append((evaluation.at, evaluation.seed))
        return evaluation.answers_to(Question(["a", "b"], {}, {}))

    echo = Echo()
    answers = await Evaluations(open_unit, echo, lambda: NOW).during(act)
    assert list(answers) == [Value("a"), Value("b")]
    assert len(echo.asked) == 1
    assert seen == [seen[0], seen[0]]


async def test_what_asks_for_nothing_begins_once() -> None:
    async def act(_unit: Unit, evaluation: Evaluation) -> Sequence[Answer]:
        return evaluation.answers_to(Question([], {}, {}))

    echo = Echo()
    assert await Evaluations(open_unit, echo, lambda: NOW).during(act) == ()
    assert echo.asked == []


async def test_what_asks_something_else_each_time_has_an_end() -> None:
    asked = iter(range(1000))

    async def act(_unit: Unit, evaluation: Evaluation) -> Sequence[Answer]:
        return evaluation.answers_to(Question([str(next(asked))], {}, {}))

    with pytest.raises(EvaluatorBusyError):
        await Evaluations(open_unit, Echo(), lambda: NOW).during(act)


def test_neither_a_question_nor_an_answer_shows_what_it_holds() -> None:
    question = Question(["inputs.token"], {"inputs": {"token": "t0p"}}, {})
    assert "t0p" not in f"{question!r} {Value('t0p')!r}"
