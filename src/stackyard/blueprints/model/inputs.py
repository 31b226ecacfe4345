"""What a body asks of whoever deploys it, and what is made of the answers."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeAlias

from stackyard.blueprints.errors import InputProblemsError
from stackyard.blueprints.model.checking import duplicates
from stackyard.blueprints.model.expressions import as_text
from stackyard.kernel.text import storable

LONGEST_VALUE: Final = 32 * 1024
_WHOLE: Final = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER: Final = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")

Typed: TypeAlias = str | int | float | bool


class InputType(StrEnum):
    """The API's words; those of bodies are the same in small letters."""

    SHORT_TEXT = "SHORT_TEXT"
    LONG_TEXT = "LONG_TEXT"
    SECRET = "SECRET"  # noqa: S105 - a word of the API
    NUMBER = "NUMBER"
    FLOAT = "FLOAT"
    BOOLEAN = "BOOLEAN"
    SELECT = "SELECT"

    @property
    def is_text(self) -> bool:
        return self in {self.SHORT_TEXT, self.LONG_TEXT, self.SECRET}


@dataclass(frozen=True, slots=True)
class DeclaredInput:
    id: str
    name: str
    type: InputType = InputType.SHORT_TEXT
    description: str | None = None
    default: str | None = None
    options: tuple[str, ...] = ()
    rules: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> "DeclaredInput":
        """Read one that the schema has no objection to."""
        default = declared.get("default")
        return cls(
            id=declared["id"],
            name=declared["name"],
            type=InputType(declared.get("type", "short_text").upper()),
            description=declared.get("description"),
            default=None if default is None else as_text(default),
            options=tuple(declared.get("options") or ()),
            rules=declared.get("validations") or {},
        )

    @property
    def secret(self) -> bool:
        return self.type is InputType.SECRET

    @property
    def required(self) -> bool:
        """Whether somebody must say something; an empty number is none."""
        if self.default is not None:
            return False
        return bool(self.rules.get("required")) or self.type in {
            InputType.NUMBER,
            InputType.FLOAT,
            InputType.SELECT,
        }

    @property
    def pattern(self) -> str | None:
        return self.rules.get("pattern")

    def row(self) -> dict[str, Any]:
        """Return what the API shows of it."""
        return {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "description": self.description,
            "default": self.default,
            "options": list(self.options) or None,
        }

    def typed(self, given: str | None) -> Typed:
        """Return the value that expressions see, or raise `ValueError` with why not."""
        value = given if given or self.type.is_text else None
        value = self.default if value is None else value
        if value is None:
            if self.required:
                raise ValueError("is needed")
            return False if self.type is InputType.BOOLEAN else ""
        if self.rules.get("required") and not value:
            raise ValueError("is needed")
        return self._checked(value)

    def _checked(self, value: str) -> Typed:
        match self.type:
            case InputType.NUMBER:
                return self._within(_whole(value))
            case InputType.FLOAT:
                return self._within(_number(value))
            case InputType.BOOLEAN:
                if value not in {"true", "false"}:
                    raise ValueError("must be true or false")
                return value == "true"
            case InputType.SELECT:
                if value not in self.options:
                    raise ValueError(f"must be one of {', '.join(self.options)}")
                return value
            case _:
                return self._as_long_as(value)

    def _as_long_as(self, value: str) -> str:
        if not storable(value):
            raise ValueError("must be text without NUL characters")
        rules = self.rules if value else {}
        if len(value) > LONGEST_VALUE:
            raise ValueError(f"has at most {LONGEST_VALUE} characters")
        if len(value) < rules.get("min_length", 0):
            raise ValueError(f"has at least {rules['min_length']} characters")
        if len(value) > rules.get("max_length", LONGEST_VALUE):
            raise ValueError(f"has at most {rules['max_length']} characters")
        if len(value) != rules.get("length_equal", len(value)):
            raise ValueError(f"has exactly {rules['length_equal']} characters")
        return value

    def _within(self, value: float) -> Typed:
        for name, holds in _COMPARISONS.items():
            bound = self.rules.get(name)
            if bound is not None and not holds(value, bound):
                raise ValueError(f"must be {name.replace('_', ' ')} {bound}")
        return value


_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "greater_than": lambda value, bound: value > bound,
    "greater_than_or_equal": lambda value, bound: value >= bound,
    "less_than": lambda value, bound: value < bound,
    "less_than_or_equal": lambda value, bound: value <= bound,
    "not_equal": lambda value, bound: value != bound,
    "step": lambda value, step: value % step == 0,
}


def _whole(value: str) -> int:
    if not _WHOLE.fullmatch(value):
        raise ValueError("must be a whole number")
    return int(value)


def _number(value: str) -> float:
    if not _NUMBER.fullmatch(value) or not math.isfinite(float(value)):
        raise ValueError("must be a number")
    return float(value)


def declaration_problems(inputs: Sequence[DeclaredInput]) -> Iterator[str]:
    for name in duplicates([one.id for one in inputs]):
        yield f"inputs: {name} is there twice"
    for number, one in enumerate(inputs):
        if one.default:
            try:
                one.typed(None)
            except ValueError as error:
                yield f"inputs.{number}.default: {error}"


def given_inputs(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return what was filled in, in its order, or raise `InputProblemsError`."""
    twice = sorted(set(duplicates([name for name, _ in pairs])))
    if twice:
        raise InputProblemsError(*(f"input {name} is given twice" for name in twice))
    return dict(pairs)


def typed_inputs(
    declared: Sequence[DeclaredInput], given: Mapping[str, str]
) -> tuple[dict[str, Typed], list[str]]:
    """Return what expressions see, and what is wrong with what was given."""
    known = {one.id for one in declared}
    problems = [f"there is no input {name}" for name in given if name not in known]
    values: dict[str, Typed] = {}
    for one in declared:
        try:
            values[one.id] = one.typed(given.get(one.id))
        except ValueError as error:
            problems.append(f"input {one.id}: {error}")
    return values, problems
