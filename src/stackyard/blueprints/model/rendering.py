"""A body, and what was filled in: which stacks come of it. Pure.

Everything is checked twice: the body as it is written when it is published, and what
comes of it when it is used. A problem never quotes a secret.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from stackyard.blueprints.errors import BodyProblemsError, InputProblemsError
from stackyard.blueprints.model.body import (
    Body,
    Kind,
    ensure_no_hole,
    read_body,
    stack_problems,
    stacks_of,
)
from stackyard.blueprints.model.checking import schema_problems
from stackyard.blueprints.model.evaluation import (
    Answer,
    Evaluation,
    Failed,
    Question,
    Value,
)
from stackyard.blueprints.model.expressions import as_text, fill_in
from stackyard.blueprints.model.inputs import DeclaredInput, Typed, typed_inputs
from stackyard.blueprints.model.occasion import Occasion
from stackyard.blueprints.model.plan import StackPlan, plan_of, plan_problems
from stackyard.blueprints.model.yaml import read_yaml

HIDDEN: Final = "***"
_SHORTEST_SECRET: Final = 3  # what is shorter says nothing, and is in every word


def body_faults(
    text: str, kind: Kind, around: Occasion, evaluation: Evaluation
) -> Sequence[str]:
    """Return all that is wrong with a body before anything is filled in."""
    try:
        body = read_body(text, kind)
    except BodyProblemsError as error:
        return error.problems
    return _wrong(body, around, evaluation)


def plans_of(
    text: str,
    kind: Kind,
    given: Mapping[str, str],
    around: Occasion,
    evaluation: Evaluation,
) -> list[StackPlan]:
    """Return the stacks to be made, or say what is wrong with body or inputs."""
    body = read_body(text, kind)
    values, problems = typed_inputs(body.inputs, given)
    if problems:
        raise InputProblemsError(*problems)
    secrets = [str(values[one.id]) for one in body.inputs if one.secret]
    texts = _texts(body, values, around, evaluation)
    filled = fill_in(body.text, body.expressions, texts)
    try:
        document = _read(filled, kind)
    except BodyProblemsError as error:
        raise BodyProblemsError(*hidden(error.problems, secrets)) from None
    options = document.get("options") or {}
    plans = [plan_of(*one, options) for one in stacks_of(document)]
    plans = [plan for plan in plans if plan.create]
    problems = plan_problems(plans)
    if problems:
        raise BodyProblemsError(*hidden(problems, secrets))
    return plans


def _texts(
    body: Body, values: Mapping[str, Typed], around: Occasion, evaluation: Evaluation
) -> list[str]:
    """Return the texts of all expressions. Patterns are matched with them."""
    matched = _matched(body.inputs, values)
    asked = [one.text for one in body.expressions]
    answers = evaluation.answers_to(
        Question(
            asked + [f"checks.v{n}.matches(checks.p{n})" for n in range(len(matched))],
            {
                "inputs": dict(values),
                "maps": dict(body.maps),
                "context": around.values(),
                "checks": _checks(matched),
            },
            around.dotted_times(),
        )
    )
    secrets = [str(values[one.id]) for one in body.inputs if one.secret]
    problems = [
        f"input {one.id}: must match {one.pattern}"
        for (one, _), answer in zip(matched, answers[len(asked) :], strict=True)
        if answer != Value(value=True)
    ]
    if problems:
        raise InputProblemsError(*problems)
    answers = answers[: len(asked)]
    problems = _failures(body, answers)
    if problems:
        raise BodyProblemsError(*hidden(problems, secrets))
    return [as_text(one.value) for one in answers if isinstance(one, Value)]


def _wrong(body: Body, around: Occasion, evaluation: Evaluation) -> list[str]:
    """Return what expressions and patterns say that cannot be said."""
    patterns = [one for one in body.inputs if one.pattern is not None]
    checks = {f"p{n}": one.pattern for n, one in enumerate(patterns)}
    asked = [one.text for one in body.expressions]
    answers = evaluation.answers_to(
        Question(
            asked + [f"''.matches(checks.p{n})" for n in range(len(patterns))],
            {"inputs": {}, "maps": {}, "context": {}, "checks": checks},
            around.dotted_times(),
            compiled_only=len(asked),
        )
    )
    found = [*body.unknown_inputs(), *_failures(body, answers[: len(asked)])]
    return found + [
        f"input {one.id}: its pattern is no regular expression"
        for one, answer in zip(patterns, answers[len(asked) :], strict=True)
        if isinstance(answer, Failed)
    ]


def hidden(problems: Sequence[str], secrets: Sequence[str]) -> list[str]:
    """Return the problems without the secrets that may be quoted in them."""
    known = {one for one in secrets if len(one) >= _SHORTEST_SECRET}
    known |= {json.dumps(one)[1:-1] for one in known}  # as it is quoted
    found = list(problems)
    for secret in sorted(known, key=len, reverse=True):
        found = [problem.replace(secret, HIDDEN) for problem in found]
    return found


def _read(filled: str, kind: Kind) -> dict[str, Any]:
    ensure_no_hole(filled)
    document: dict[str, Any] = read_yaml(filled)
    problems = schema_problems(document, kind.schema)
    problems = problems or stack_problems(document, kind)
    if problems:
        raise BodyProblemsError(*problems)
    return document


def _matched(
    inputs: Sequence[DeclaredInput], values: Mapping[str, Typed]
) -> list[tuple[DeclaredInput, str]]:
    return [
        (one, str(values[one.id]))
        for one in inputs
        if one.pattern is not None and values[one.id] != ""
    ]


def _checks(matched: Sequence[tuple[DeclaredInput, str]]) -> dict[str, str]:
    checks = {f"v{n}": value for n, (_, value) in enumerate(matched)}
    return checks | {f"p{n}": one.pattern or "" for n, (one, _) in enumerate(matched)}


def _failures(body: Body, answers: Sequence[Answer]) -> list[str]:
    return [
        f"{one.place}: {answer.reason}"
        for one, answer in zip(body.expressions, answers, strict=True)
        if isinstance(answer, Failed)
    ]
