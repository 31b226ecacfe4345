"""Names that come from an identity provider, taken to the letter."""

from collections.abc import Iterable
from typing import Final

from stackyard.identity.errors import GroupNameError

LONGEST_GROUP: Final = 500


def group_names(names: Iterable[str]) -> list[str]:
    """Return them once each, in their order, blanks and case as they are.

    A group is matched exactly: `DevOps ` is not `DevOps`. Raises `GroupNameError`.
    """
    found = list(dict.fromkeys(names))
    for name in found:
        check_group(name)
    return found


def check_group(name: str) -> None:
    if not 1 <= len(name) <= LONGEST_GROUP or not name.isprintable():
        raise GroupNameError(name=name[:LONGEST_GROUP])
