"""What evaluates expressions keeps what `Expressions` promises, and its limits."""

from datetime import UTC, datetime
from typing import Any

import pytest

from stackyard.adapters.expressions import CelExpressions
from stackyard.blueprints import (
    Answer,
    EvaluationTooLargeError,
    Failed,
    Question,
    Value,
)

VALUES = {
    "inputs": {"env": "dev", "count": 3, "ratio": 0.5, "big": True},
    "maps": {"dev": {"region": "north"}},
    "context": {"user": {"login": "ada"}, "time": "2026-01-02"},
}
TIMES = {"context.time": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}


async def answers(*expressions: str, **given: Any) -> list[Answer]:
    question = Question(expressions, VALUES, TIMES, **given)
    return await CelExpressions().evaluate(question)


async def test_expressions_are_of_the_common_language_with_its_strings() -> None:
    asked: dict[str, Any] = {
        "inputs.env + '-' + string(inputs.count + 1)": "dev-4",
        "inputs.big ? inputs.ratio * 2.0 : 0.0": 1.0,
        "maps[inputs.env].region.upperAscii()": "NORTH",
        "['a', 'b'].map(x, x + inputs.env).join('/')": "adev/bdev",
        "'%s is %d'.format([inputs.env, inputs.count])": "dev is 3",
        "context.time": "2026-01-02T03:04:05Z",
        "string(context.time + duration('60s'))": "2026-01-02T03:05:05Z",
        "context.time.getFullYear()": 2026,
        "context['user'].login": "ada",
        "'b' in ['a'] || !has(inputs.nope)": True,
    }
    found = await answers(*asked)
    assert found == [Value(value) for value in asked.values()]


async def test_each_that_fails_says_why_and_the_others_are_answered() -> None:
    found = await answers("inputs.nope", "1 +", "1 / 0", "[1]", "nope", "1", "null")
    assert [isinstance(one, Failed) for one in found] == [True] * 5 + [False, True]
    reasons = [one.reason for one in found if isinstance(one, Failed)]
    assert reasons[0] == 'Key not found in map : "nope"'
    assert reasons[1].startswith("Syntax error: ")
    assert reasons[2:4] == ["divide by zero", "gives a list<dyn>, and not a text"]
    assert reasons[4].startswith("undeclared reference to 'nope'")


async def test_some_may_be_compiled_only() -> None:
    found = await answers("inputs.nope", "inputs.env +", "inputs.env", compiled_only=2)
    assert found[0] == Value("")
    assert isinstance(found[1], Failed)
    assert found[2] == Value("dev")


async def test_what_asks_for_too_much_memory_is_stopped() -> None:
    replaced = "'{}'.replace('a', '{}').replace('b', '{}')"
    long = replaced.format("a" * 1000, "b" * 1000, "c" * 600)  # 600 MB of a line
    with pytest.raises(EvaluationTooLargeError):
        await answers(f"size({long})")


async def test_what_gives_too_much_is_not_taken() -> None:
    long = "'{}'.replace('a', '{}')".format("a" * 3000, "b" * 3000)
    with pytest.raises(EvaluationTooLargeError):
        await answers(long)


async def test_a_loop_in_a_loop_has_its_limit() -> None:
    many = f"[{', '.join('1' * 100)}]"
    loops = f"size({many}.map(a, {many}.map(b, {many}.map(c, 1))))"
    [found] = await answers(loops)
    assert isinstance(found, Failed)
    assert "budget exceeded" in found.reason
