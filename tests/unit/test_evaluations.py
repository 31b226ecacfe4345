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
    UnansweredError,
    Value,
)
from stackyard.blueprints.errors import BodyProblemsError
from stackyard.blueprints.model.body import Kind
from stackyard.blueprints.model.occasion import Occasion
from stackyard.blueprints.model.rendering import plans_of
from stackyard.evaluations import Evaluations
from stackyard.kernel.access import SYSTEM
from stackyard.unit import Unit

NOW = datetime(2030, 1, 1, tzinfo=UTC)
UNIT: Any = None
VCS = "{provider: GITHUB, repository: x, reference: {type: branch, value: main}}"
VENDOR = "{ansible: {playbook: x}}"


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


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("\ue000", "U+E000 is no character for a body"),
        ("a\n  - {key: other}", "stacks.1: needs"),
        (
            f"a\n  - {{key: net, name: b, vcs: {VCS}, vendor: {VENDOR}}}",
            "stacks: the key net is there twice",
        ),
        ("x\n    key: net", "line 7: not YAML: a key is there twice"),
    ],
)
def test_what_is_filled_in_is_looked_at_like_the_body(value: str, problem: str) -> None:
    body = f"""inputs: [{{id: name, name: Name}}]
stacks:
  - key: net
    vcs: {VCS}
    vendor: {VENDOR}
    name: ${{{{ inputs.name }}}}
"""
    around = Occasion(SYSTEM, "acme", NOW, "seed", "deployment")
    with pytest.raises(UnansweredError) as asked:
        plans_of(body, Kind.TEMPLATE, {"name": value}, around, Evaluation(NOW, ""))
    known = Evaluation(NOW, "", asked.value.question, [Value(value)])
    with pytest.raises(BodyProblemsError) as refused:
        plans_of(body, Kind.TEMPLATE, {"name": value}, around, known)
    assert refused.value.problems[0].startswith(problem)


def test_a_repository_whose_address_is_none_is_planned_all_the_same() -> None:
    """That the address is wrong is said in its own words, when a stack is made."""
    body = """
stack:
  {name: A, space: root, vendor: {ansible: {playbook: x}},
   vcs: {provider: RAW_GIT, branch: main, repository_url: "https://[x"}}
"""
    around = Occasion(SYSTEM, "acme", NOW, "seed", "blueprint")
    [plan] = plans_of(body, Kind.BLUEPRINT, {}, around, Evaluation(NOW, ""))
    assert (plan.spec.repository, plan.spec.repository_url) == ("", "https://[x")
