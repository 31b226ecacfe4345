"""Which numbers versions may have: each follows one that there is, and none is lost."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Self

from stackyard.modules.errors import VersionNumberError

_WRITTEN: Final = re.compile(r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})")


@dataclass(frozen=True, slots=True, order=True)
class Number:
    major: int
    minor: int
    patch: int

    @classmethod
    def read(cls, text: str) -> Self:
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise VersionNumberError(version=text[:64])
        return cls(*(int(part) for part in found.groups()))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def successors(self) -> tuple["Number", "Number", "Number"]:
        return (
            Number(self.major, self.minor, self.patch + 1),
            Number(self.major, self.minor + 1, 0),
            Number(self.major + 1, 0, 0),
        )


FIRST: Final = Number(0, 1, 0)


def leaves_gap(new: Number, there: Collection[Number]) -> bool:
    """Say whether *new* follows none of those that there are, nor comes before one.

    Before one: so that the tags of a repository can be brought in in any order.
    """
    if not there:
        return False
    follows = any(new in one.successors for one in there)
    return not follows and not any(one in new.successors for one in there)
