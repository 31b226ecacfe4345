"""What the slice asks of those around it, and no more."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Select

from stackyard.kernel.access import Subject
from stackyard.kernel.ids import ContextId, SpaceId

# The spaces a subject may read, as a subquery (`stackyard.spaces.visible_to`).
VisibleSpaces: TypeAlias = Callable[[Subject], Select[SpaceId]]

# The stacks that a context is attached to and that do not reach it, described.
FindCutOff: TypeAlias = Callable[[ContextId], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Neighbours:
    visible_spaces: VisibleSpaces
    find_cut_off: FindCutOff
