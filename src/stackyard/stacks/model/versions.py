"""Which tool versions a stack may ask for.

Says whether a constraint is written as one, and whether a single version is one of
those that may be used at all. Which version a *range* comes to is decided by who runs
it: the worker, with the tool that it has.
"""

import re
from typing import Final, TypeAlias

Version: TypeAlias = tuple[int, int, int]

OLDEST_TERRAFORM: Final[Version] = (0, 12, 0)
LAST_FOSS: Final[Version] = (1, 5, 7)  # later ones are not free software
OLDEST_TOFU: Final[Version] = (1, 6, 0)

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


def constraint_problem(
    product: str,
    text: str | None,
    *,
    first: Version | None = None,
    last: Version | None = None,
) -> str | None:
    """Return what is wrong with a constraint on *product*'s version, if anything."""
    if not text:
        return None
    if not _is_constraint(text):
        said = text[:_LONGEST]
        return f'invalid {product} version constraints: improper constraint: "{said}"'
    exact = exact_version(text)
    if exact is None:
        return None
    if (first and exact < first) or (last and exact > last):
        low, high = _shown(first, "0.0.0"), _shown(last, "latest")
        return (
            f"no supported {product} version ({low} - {high})"
            f' satisfies constraints "{text}"'
        )
    return None


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


def _shown(version: Version | None, otherwise: str) -> str:
    return ".".join(str(number) for number in version) if version else otherwise
