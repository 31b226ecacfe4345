"""What the slice asks of those around it, and no more."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Select

from stackyard.kernel.access import Subject
from stackyard.kernel.ids import SpaceId, StackId

# The spaces a subject may read, as a subquery (`stackyard.spaces.visible_to`).
VisibleSpaces: TypeAlias = Callable[[Subject], Select[SpaceId]]

# The spaces whose things may be used in one (`stackyard.spaces.reachable_from`).
ReachableFrom: TypeAlias = Callable[[SpaceId], Select[SpaceId]]

# Where a stack, or a module, is; None if there is none.
FindSpace: TypeAlias = Callable[[StackId], Awaitable[SpaceId | None]]


@dataclass(frozen=True, slots=True)
class Neighbours:
    visible_spaces: VisibleSpaces
    reachable_from: ReachableFrom
    space_of_project: FindSpace
