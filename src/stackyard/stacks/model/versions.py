"""Which tool versions a stack may ask for.

Says whether a constraint is written as one, and whether a single version is one of
those that may be used at all. Which version a *range* comes to is decided by who runs
it: the worker, with the tool that it has.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from stackyard.stacks.model.releases import ReleasedTool, Version, releases, shown

_NUMBER = r"v?(?:0|[1-9]\d*|[xX*])(?:\.(?:\d+|[xX*])){0,2}"
_LABEL = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_LABELS = rf"(?:-{_LABEL})?(?:\+{_LABEL})?"
_ONE = rf"(?:(?:=|==|!=|!|>|<|>=|=>|<=|=<|~|~>|\^) ?)?{_NUMBER}{_LABELS}"
# Matched against text whose runs of spaces are one space each: with more than one way
# to split them, a hostile constraint could keep the expression busy for hours.
_RANGE = re.compile(rf"{_ONE}(?:(?: ?, ?| ){_ONE})*")
_BETWEEN = re.compile(rf"{_NUMBER}{_LABELS} - {_NUMBER}{_LABELS}")
_EXACT = re.compile(r"=?\s*v?(\d+)\.(\d+)\.(\d+)(?:[-+].*)?")
_LONGEST: Final = 256


@dataclass(frozen=True, slots=True)
class Span:
    """From the first version that may be used to the last one that was released.

    If the series is *over*, none after that may be: those are other software.
    """

    first: Version
    last: Version
    over: bool = False

    @classmethod
    def of(cls, tool: ReleasedTool, *, over: bool = False) -> Self:
        known = releases(tool)
        return cls(known[-1], known[0], over)

    def has(self, version: Version) -> bool:
        return self.first <= version and not (self.over and version > self.last)


FREE_TERRAFORM: Final = Span.of(ReleasedTool.TERRAFORM, over=True)
OPENTOFU: Final = Span.of(ReleasedTool.OPENTOFU)


def constraint_problem(
    product: str, text: str | None, *, span: Span | None = None
) -> str | None:
    """Return what is wrong with a constraint on *product*'s version, if anything."""
    if not text:
        return None
    if not _is_constraint(text):
        said = text[:_LONGEST]
        return f'invalid {product} version constraints: improper constraint: "{said}"'
    exact = exact_version(text)
    if exact is None or span is None or span.has(exact):
        return None
    return (
        f"no supported {product} version ({shown(span.first)} - {shown(span.last)})"
        f' satisfies constraints "{text}"'
    )


def exact_version(text: str) -> Version | None:
    """Return the one version that *text* names, or None if it is a range."""
    found = _EXACT.fullmatch(text.strip())
    if not found:
        return None
    major, minor, patch = (int(number) for number in found.groups())
    return major, minor, patch


def _is_constraint(text: str) -> bool:
    if len(text) > _LONGEST:
        return False
    return all(
        _RANGE.fullmatch(part) or _BETWEEN.fullmatch(part)
        for part in (" ".join(part.split()) for part in text.split("||"))
    )
