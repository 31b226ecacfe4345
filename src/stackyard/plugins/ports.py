"""What the slice asks of those around it, and no more."""

from collections.abc import Callable
from typing import TypeAlias

from sqlalchemy import Select

from stackyard.kernel.access import Subject
from stackyard.kernel.ids import SpaceId

# The spaces a subject may read, as a subquery (`stackyard.spaces.visible_to`).
VisibleSpaces: TypeAlias = Callable[[Subject], Select[SpaceId]]
