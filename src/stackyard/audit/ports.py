"""What the slice asks of those below it, and no more."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from stackyard.kernel.access import Subject

# The slugs of the roles that *by* has, for entries; None where there are none to have.
RolesOf: TypeAlias = Callable[[Subject], Awaitable[tuple[str, ...] | None]]
