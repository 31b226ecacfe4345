"""Versions of tools, and which of them a stack accepts."""

import re
from typing import Final, NamedTuple

_VERSION: Final = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?\Z")
_CONSTRAINT: Final = re.compile(r"(>=|<=|~>|!=|=|>|<)?\s*(\S+)\Z")


class Version(NamedTuple):
    major: int
    minor: int
    patch: int
    final: bool  # a preview comes before what it previews
    preview: str = ""

    def __str__(self) -> str:
        text = f"{self.major}.{self.minor}.{self.patch}"
        return f"{text}-{self.preview}" if self.preview else text


def parse(text: str) -> Version | None:
    match = _VERSION.match(text.strip())
    if match is None:
        return None
    major, minor, patch = (int(match[group] or 0) for group in (1, 2, 3))
    return Version(major, minor, patch, match[4] is None, match[4] or "")


def satisfies(version: Version, wanted: str) -> bool | None:
    """Whether a version meets all constraints of a comma list; None: not a list."""
    verdicts = [_one(version, constraint.strip()) for constraint in wanted.split(",")]
    return None if None in verdicts else all(verdicts)


def _one(version: Version, constraint: str) -> bool | None:
    match = _CONSTRAINT.match(constraint)
    bound = parse(match[2]) if match else None
    if match is None or bound is None:
        return None
    if match[1] == "~>":
        return bound <= version < _next(bound, match[2])
    return {
        ">=": version >= bound,
        "<=": version <= bound,
        ">": version > bound,
        "<": version < bound,
        "!=": version != bound,
    }.get(match[1] or "=", version == bound)


def _next(bound: Version, text: str) -> Version:
    """Return the first version that `~>` leaves out: the last number may grow."""
    if text.partition("-")[0].count(".") >= 2:  # noqa: PLR2004 - all three are given
        return Version(bound.major, bound.minor + 1, 0, final=False)
    return Version(bound.major + 1, 0, 0, final=False)
