"""The one place that says yes or no. What is not granted here is refused.

Roles go down: bound in a space, a role holds in it and in every space below, whatever
these inherit. Reading goes up: whoever holds a role in a space reads its parent as well
if the space inherits, and so on; from there it does not come down again.
A worker's grant is no space: its own protocol lets it at its one leg, and nothing else.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    CompoundSelect,
    Select,
    Text,
    any_,
    false,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.identity import Stores, UserGroup
from stackyard.kernel.access import Access, Action, Level, Subject, SubjectKind
from stackyard.kernel.errors import ForbiddenError, UnauthorizedError
from stackyard.kernel.ids import ROOT, SpaceId
from stackyard.kernel.needs import Rule, note_asked
from stackyard.spaces.errors import SpaceNotFoundError
from stackyard.spaces.model import Role, RoleBinding, Space
from stackyard.spaces.rights import EVERYTHING, NOTHING, READ, READING, Rights


@dataclass(frozen=True, slots=True)
class SpaceAccess(Access):
    """Answers for one unit of work; what it was told it does not ask again."""

    session: AsyncSession
    _known: dict[tuple[Subject, SpaceId], Rights] = field(default_factory=dict)

    async def require(self, by: Subject, action: Action, *, space: SpaceId) -> None:
        note_asked(action)
        if space == ROOT and action is Action.SPACE_ADMIN:
            note_asked(Rule.ACCOUNT_ADMIN)
        rights = await self.rights(by, space)
        if rights.allow(action):
            return
        if by.kind is SubjectKind.NOBODY:
            raise UnauthorizedError
        if rights.level < Level.READ:
            raise SpaceNotFoundError(space=space)
        raise ForbiddenError(subject=by.name, action=action, space=space)

    async def levels(
        self, by: Subject, *, spaces: Collection[SpaceId]
    ) -> dict[SpaceId, Level]:
        await self._learn(by, spaces)
        return {space: self._known[by, space].level for space in spaces}

    async def allowed(
        self, by: Subject, action: Action, *, spaces: Collection[SpaceId]
    ) -> set[SpaceId]:
        note_asked(action)
        await self._learn(by, spaces)
        return {one for one in spaces if self._known[by, one].allow(action)}

    async def rights(self, by: Subject, space: SpaceId) -> Rights:
        await self._learn(by, (space,))
        return self._known[by, space]

    async def _learn(self, by: Subject, spaces: Collection[SpaceId]) -> None:
        unknown = {one for one in spaces if (by, one) not in self._known}
        if not unknown:
            return
        if is_administrator(by) or not may_hold_roles(by):
            rights = EVERYTHING if is_administrator(by) else NOTHING
            self._known.update({(by, space): rights for space in unknown})
            return
        found: dict[SpaceId, list[list[str]]] = defaultdict(list)
        for space, actions in await self.session.execute(_held(by, unknown)):
            found[space].append(actions)
        self._known.update({(by, one): Rights.of(found[one]) for one in unknown})

    async def administers_any(self, by: Subject) -> bool:
        """Say whether *by* is an administrator of some space; raise for nobody."""
        note_asked(Rule.ANY_SPACE_ADMIN)
        if is_administrator(by):
            return True
        if by.kind is SubjectKind.NOBODY:
            raise UnauthorizedError
        if not may_hold_roles(by):
            return False
        bound = _bound(by)
        query = select(bound.c.space_id).where(
            bound.c.actions.op("&&")(_texts([Action.SPACE_ADMIN]))
        )
        return (await self.session.execute(query.limit(1))).first() is not None

    async def roles_of(self, by: Subject) -> tuple[str, ...] | None:
        """Return the slugs of the roles that *by* holds somewhere; None without any."""
        if not may_hold_roles(by):
            return None
        bound = _bound(by)
        query = select(bound.c.slug).distinct().order_by(bound.c.slug)
        return tuple((await self.session.scalars(query)).all()) or None

    def forget(self) -> None:
        """Ask again from now on: who may do what has just been changed."""
        self._known.clear()


async def is_account_admin(stores: Stores, by: Subject) -> bool:
    """Say whether the roles that *by* holds make an administrator of the account."""
    levels = await SpaceAccess(stores.session).levels(by, spaces=[ROOT])
    return levels[ROOT] is Level.ADMIN


def visible_to(by: Subject) -> Select[SpaceId]:
    """Return a subquery of the spaces that *by* may read, for the filters of lists."""
    note_asked(Action.SPACE_READ)
    everything = select(Space.id)
    if is_administrator(by):
        return everything
    if not may_hold_roles(by):
        return everything.where(false())
    bound = _bound(by)
    down = (
        select(Space.id)
        .join(bound, bound.c.space_id == Space.id)
        .where(bound.c.actions.op("&&")(_texts(READING)))
        .cte("down", recursive=True)
    )
    down = down.union(select(Space.id).join(down, Space.parent_id == down.c.id))
    return everything.where(
        or_(Space.id.in_(select(down.c.id)), Space.id.in_(select(_beyond(bound).c.id)))
    )


def with_ancestors(spaces: Select[SpaceId]) -> Select[SpaceId]:
    """Return a subquery of these spaces and of every one on the way up to root."""
    up = (
        select(Space.id, Space.parent_id)
        .where(Space.id.in_(spaces))
        .cte("with_ancestors", recursive=True)
    )
    up = up.union(
        select(Space.id, Space.parent_id).join(up, Space.id == up.c.parent_id)
    )
    return select(up.c.id)


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


def below(space_id: SpaceId) -> Select[SpaceId]:
    """Return a subquery of the space and everything under it."""
    down = select(Space.id).where(Space.id == space_id).cte("below", recursive=True)
    down = down.union(select(Space.id).join(down, Space.parent_id == down.c.id))
    return select(down.c.id)


def reaching(spaces: Select[SpaceId]) -> CTE:
    """Return pairs (`space`, `reached`): what each of these spaces may use of."""
    pairs = (
        select(
            Space.id.label("space"),
            Space.id.label("reached"),
            Space.parent_id,
            Space.inherits,
        )
        .where(Space.id.in_(spaces))
        .cte("reaching", recursive=True)
    )
    return pairs.union(
        select(pairs.c.space, Space.id, Space.parent_id, Space.inherits).join(
            pairs, (Space.id == pairs.c.parent_id) & pairs.c.inherits
        )
    )


def is_administrator(by: Subject) -> bool:
    match by.kind:
        case SubjectKind.SYSTEM:
            return True
        case SubjectKind.USER | SubjectKind.API_KEY:
            return by.admin
        case _:  # a run or a worker never is, whatever its subject claims
            return False


def may_hold_roles(by: Subject) -> bool:
    return by.kind in {SubjectKind.USER, SubjectKind.API_KEY, SubjectKind.RUN}


def _held(by: Subject, spaces: Collection[SpaceId]) -> CompoundSelect[Any]:
    """Return rows (space, actions): each role that holds there."""
    bound = _bound(by)
    up = (
        select(Space.id.label("space"), Space.id, Space.parent_id)
        .where(Space.id.in_(spaces))
        .cte("ancestors", recursive=True)
    )
    up = up.union(
        select(up.c.space, Space.id, Space.parent_id).join(
            up, Space.id == up.c.parent_id
        )
    )
    beyond = _beyond(bound)
    return union_all(
        select(up.c.space, bound.c.actions).join(bound, bound.c.space_id == up.c.id),
        select(beyond.c.id, _texts(READ.actions)).where(beyond.c.id.in_(spaces)),
    )


def _bound(by: Subject) -> CTE:
    """Return rows (space_id, actions, slug): what *by* was given, and where."""
    parts: list[Select[*tuple[Any, ...]]] = []
    if by.bound:
        parts.append(
            select(RoleBinding.space_id, Role.actions, Role.slug)
            .join(Role, Role.id == RoleBinding.role_id)
            .where(_holds(by))
        )
    if by.grants:
        spaces = _texts(one.space for one in by.grants)
        slugs = _texts(one.role for one in by.grants)
        given = (
            func.unnest(spaces, slugs).table_valued("space_id", "slug").render_derived()
        )
        parts.append(
            select(given.c.space_id, Role.actions, Role.slug).join(
                Role, Role.slug == given.c.slug
            )
        )
    if not parts:
        parts.append(
            select(
                Space.id.label("space_id"),
                _texts(()).label("actions"),
                Space.id.label("slug"),
            ).where(false())
        )
    return union_all(*parts).cte("bound")


def _holds(by: Subject) -> ColumnElement[bool]:
    match by.kind:
        case SubjectKind.RUN:
            return RoleBinding.stack_id == by.stack_id
        case SubjectKind.API_KEY:
            own = RoleBinding.api_key_id == by.id
        case _:
            own = RoleBinding.user_id == by.id
    if not by.groups:
        return own
    groups = select(UserGroup.id).where(UserGroup.name == any_(_texts(by.groups)))
    return or_(own, RoleBinding.group_id.in_(groups))


def _beyond(bound: CTE) -> CTE:
    """Return the spaces that are read because one below them inherits."""
    child = select(Space.parent_id, Space.inherits, Space.id).subquery()
    up = (
        select(Space.id, Space.parent_id, Space.inherits)
        .join(child, (child.c.parent_id == Space.id) & child.c.inherits)
        .join(bound, bound.c.space_id == child.c.id)
        .cte("beyond", recursive=True)
    )
    return up.union(
        select(Space.id, Space.parent_id, Space.inherits).join(
            up, (Space.id == up.c.parent_id) & up.c.inherits
        )
    )


def _texts(values: Collection[str] | Any) -> ColumnElement[Any]:
    return literal([str(one) for one in values], ARRAY(Text()))
