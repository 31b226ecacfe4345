"""What the slice asks of those above it, and no more."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import CTE

from stackyard.kernel.ids import SpaceId, StackId

# How many things of each kind are in a space, such as [("stack", 2)].
CountThings: TypeAlias = Callable[[SpaceId], Awaitable[Sequence[tuple[str, int]]]]

# What is used from a space that no longer reaches it, such as ["stack net: pool p"].
# Given pairs (`space`, `reached`), see `access.reaching`.
FindCutOff: TypeAlias = Callable[[CTE], Awaitable[Sequence[str]]]

# The space that a stack is in, or None if there is no such stack.
SpaceOfStack: TypeAlias = Callable[[StackId], Awaitable[SpaceId | None]]

# Raises if something else than people says what the stack is, and what it may.
EnsureOwn: TypeAlias = Callable[[StackId], Awaitable[None]]

# Whether administrators of a space may make and change spaces below it.
SpaceAdminsMakeSpaces: TypeAlias = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Occupants:
    """What lives in spaces, as the slices above tell it."""

    count: CountThings
    find_cut_off: FindCutOff
    space_admins_make_spaces: SpaceAdminsMakeSpaces
