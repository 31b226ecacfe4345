"""The one place that says yes or no. What is not granted here is refused.

First cut: the platform and administrators may do everything; nobody else has a grant
yet, and so everything is *not found* to them. A run's token and a worker's grant no
space: their own protocols let them at their one stack, and at nothing else.
"""

from dataclasses import dataclass

from sqlalchemy import Select, false, select

from stackyard.kernel.access import Action, Level, Subject, SubjectKind
from stackyard.kernel.errors import ForbiddenError, UnauthorizedError
from stackyard.kernel.ids import SpaceId
from stackyard.spaces.errors import SpaceNotFoundError
from stackyard.spaces.model import Space


@dataclass(frozen=True, slots=True)
class SpaceAccess:
    """Implements `kernel.access.Access`."""

    async def require(self, by: Subject, action: Action, *, space: SpaceId) -> None:
        level = await self.level(by, space=space)
        if level >= action.level:
            return
        if by.kind is SubjectKind.NOBODY:
            raise UnauthorizedError
        if level < Level.READ:
            raise SpaceNotFoundError(space=space)
        raise ForbiddenError(subject=by.name, action=action, space=space)

    async def level(self, by: Subject, *, space: SpaceId) -> Level:
        del space  # an administrator is one everywhere, and there is no other grant yet
        return Level.ADMIN if _is_administrator(by) else Level.NONE

    def visible_to(self, by: Subject) -> Select[SpaceId]:
        return visible_to(by)

    def reachable_from(self, space_id: SpaceId) -> Select[SpaceId]:
        return reachable_from(space_id)


def visible_to(by: Subject) -> Select[SpaceId]:
    """Return a subquery of the spaces that *by* may read, for the filters of lists."""
    everything = select(Space.id)
    return everything if _is_administrator(by) else everything.where(false())


def reachable_from(space_id: SpaceId) -> Select[SpaceId]:
    """Return a subquery of the spaces whose things may be used in *space_id*.

    The space itself and, as long as each inherits, its parent, and so on up.
    """
    up = (
        select(Space.id, Space.parent_id, Space.inherits)
        .where(Space.id == space_id)
        .cte("up", recursive=True)
    )
    # UNION, not UNION ALL: even a damaged tree with a circle comes to an end
    up = up.union(
        select(Space.id, Space.parent_id, Space.inherits).join(
            up, (Space.id == up.c.parent_id) & up.c.inherits
        )
    )
    return select(up.c.id)


def _is_administrator(by: Subject) -> bool:
    match by.kind:
        case SubjectKind.SYSTEM:
            return True
        case SubjectKind.USER | SubjectKind.API_KEY:
            return by.admin
        case _:  # a run or a worker never is, whatever its subject claims
            return False
