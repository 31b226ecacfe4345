"""Let use cases ask what expressions give, and no transaction wait for the answer.

It crosses from one transaction to the next, so it is no use case and no part of one;
`blueprints/model/evaluation.py` says how that goes on.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, TypeVar

from stackyard.blueprints import (
    Evaluation,
    EvaluatorBusyError,
    Expressions,
    UnansweredError,
)
from stackyard.kernel.clock import Clock
from stackyard.kernel.ids import new_ulid
from stackyard.unit import OpenUnit, Unit

T = TypeVar("T")
Act: TypeAlias = Callable[[Unit, Evaluation], Awaitable[T]]

_ATTEMPTS: Final = 4  # one asks, one acts; else somebody changed the body meanwhile


@dataclass(frozen=True, slots=True)
class Evaluations:
    open_unit: OpenUnit
    expressions: Expressions
    clock: Clock

    async def during(self, act: Act[T]) -> T:
        """Return what *act* does in a unit, in which all that it asks is answered."""
        evaluation = Evaluation(at=self.clock(), seed=new_ulid())
        for _ in range(_ATTEMPTS):
            try:
                async with self.open_unit() as unit:
                    return await act(unit, evaluation)
            except UnansweredError as error:
                question = error.question
            answers = await self.expressions.evaluate(question)
            evaluation = replace(evaluation, question=question, answers=answers)
        raise EvaluatorBusyError
