"""Where the expressions of a body are: `${{ … }}`, put in as text before it is YAML.

A line that begins with `#` is left alone. There is no way to write a `}` inside.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

MOST: Final = 1000
LONGEST: Final = 4096
# Stands for an expression where a body is looked at before anything is filled in.
HOLE: Final = "\ue000"
_LARGEST_PLAIN: Final = 1e21
_LITERAL: Final = re.compile(r"""r?("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""")
_INPUT: Final = re.compile(r"(?<![\w.])inputs\.([A-Za-z_]\w*)")
_QUOTED_INPUT: Final = re.compile(r"""(?<![\w.])inputs\[\s*(["'])([^"'\\]*)\1\s*\]""")


@dataclass(frozen=True, slots=True)
class Expression:
    text: str
    start: int
    end: int
    line: int
    column: int

    @property
    def place(self) -> str:
        return f"line {self.line}, column {self.column}"

    def inputs(self) -> Iterator[str]:
        """Yield the inputs that it names."""
        yield from (found[2] for found in _QUOTED_INPUT.finditer(self.text))
        yield from (found[1] for found in _INPUT.finditer(_LITERAL.sub("", self.text)))


def find_expressions(body: str) -> tuple[list[Expression], list[str]]:
    """Return all there are, and what is wrong with those that are none."""
    found: list[Expression] = []
    problems: list[str] = []
    at = 0
    while (start := body.find("${{", at)) >= 0:
        begin = body.rfind("\n", 0, start) + 1
        line, column = body.count("\n", 0, start) + 1, start - begin + 1
        place = f"line {line}, column {column}"
        if body[begin : start + 1].lstrip().startswith("#"):
            at = _end_of_line(body, start)
            continue
        close = body.find("}", start)
        if close < 0:
            problems.append(f"{place}: the expression has no end: `}}}}` is missing")
            break
        if not body.startswith("}}", close):
            problems.append(f"{place}: an expression cannot have a single `}}` in it")
            at = close + 1
            continue
        at = close + 2
        text = body[start + 3 : close]
        if len(text) > LONGEST:
            problems.append(f"{place}: an expression has at most {LONGEST} characters")
        found.append(Expression(text.strip(), start, at, line, column))
        if len(found) > MOST:
            problems.append(f"at most {MOST} expressions")
            break
    return found, problems


def fill_in(body: str, found: Sequence[Expression], texts: Sequence[str]) -> str:
    """Put these texts in the places of the expressions, as they are."""
    pieces, at = [], 0
    for one, text in zip(found, texts, strict=True):
        pieces += [body[at : one.start], text]
        at = one.end
    return "".join([*pieces, body[at:]])


def with_holes(body: str, found: Sequence[Expression]) -> str:
    return fill_in(body, found, [HOLE] * len(found))


def has_hole(value: Any) -> bool:
    """Whether an expression has a say in what this is."""
    match value:
        case str():
            return HOLE in value
        case dict():
            return any(has_hole(part) for part in (*value, *value.values()))
        case list():
            return any(has_hole(part) for part in value)
        case _:
            return False


def as_text(value: str | float | bool) -> str:  # noqa: FBT001 - it is data
    """Return what stands in the body for a value: numbers without an idle `.0`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_PLAIN:
        return str(int(value))
    return str(value)


def _end_of_line(body: str, at: int) -> int:
    end = body.find("\n", at)
    return len(body) if end < 0 else end
