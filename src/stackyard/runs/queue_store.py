"""All SQL about the queue of a pool: what its workers have, and what waits for them.

The places are those that `RunStore.next_waiting` goes by.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Text,
    case,
    func,
    not_,
    or_,
    select,
    true,
    type_coerce,
    union,
)
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.ids import PoolId, StackId
from stackyard.kernel.search import (
    Cursor,
    CursorError,
    Page,
    Predicate,
    Search,
    SearchFieldError,
    decode_cursor,
    decode_place,
)
from stackyard.runs.leg import Leg
from stackyard.runs.model import Run
from stackyard.runs.states import WAITING
from stackyard.runs.store import PROPOSALS_LAST, WITHOUT_PLAN

Condition: TypeAlias = Callable[[Predicate], ColumnElement[bool]]
_PLACE: Final = "position"  # the only order, either way


def _text(column: Any) -> Condition:
    words = type_coerce(column, Text)  # a word that is no member finds nothing
    return lambda said: words.in_([*said.strings, *said.enums])


_FIELDS: Final[dict[str, Condition]] = {
    "id": _text(Run.id),
    "stack": _text(Run.stack_id),
    "state": _text(Run.state),
    "type": _text(Run.type),
}


@dataclass(frozen=True, slots=True)
class QueuedRun:
    run: Run
    position: int  # from 1, among all of the pool

    @property
    def stack_id(self) -> StackId:
        return self.run.stack_id


@dataclass(frozen=True, slots=True)
class QueueStore:
    session: AsyncSession

    async def stacks_in(self, pool_id: PoolId) -> Sequence[StackId]:
        """Return whose runs are in the queue."""
        query = select(Run.stack_id).where(Run.id.in_(_ids(pool_id))).distinct()
        return (await self.session.scalars(query)).all()

    async def search(
        self, pool_id: PoolId, search: Search, stacks: Collection[StackId]
    ) -> Page[QueuedRun]:
        """Return a page of the queue as far as it is of these stacks."""
        descending = bool(search.order and search.order.descending)
        waits = case((Run.state.in_(WAITING), 1), else_=0)
        order = (waits, Run.prioritized.desc(), PROPOSALS_LAST, Run.id)
        placed = (
            select(Run.id, func.row_number().over(order_by=order).label(_PLACE))
            .where(Run.id.in_(_ids(pool_id)))
            .subquery()
        )
        place = placed.c[_PLACE]
        query = (
            select(Run, place)
            .join(placed, placed.c.id == Run.id)
            .options(WITHOUT_PLAN)
            .where(
                Run.stack_id.in_(stacks),
                *(_condition(said) for said in search.predicates),
                *(_said_somewhere(word) for word in search.text.split()),
            )
        )
        if search.after:
            after = _place_in(search.after, descending=descending)
            query = query.where(place < after if descending else place > after)
        query = query.order_by(place.desc() if descending else place)
        rows = (await self.session.execute(query.limit(search.limit + 1))).all()
        items = [QueuedRun(run, position) for run, position in rows[: search.limit]]
        return Page(
            items=items,
            end_cursor=_cursor(items[-1], descending=descending) if items else None,
            has_next=len(rows) > search.limit,
            has_previous=bool(search.after),
        )


def _ids(pool_id: PoolId) -> Any:
    """Select what is in the queue, by two small indexes: history is not looked at."""
    waiting = select(Run.id).where(Run.pool_id == pool_id, Run.state.in_(WAITING))
    taken = select(Leg.run_id).where(Leg.pool_id == pool_id, Leg.ended_at.is_(None))
    return union(waiting, taken).scalar_subquery()


def _condition(said: Predicate) -> ColumnElement[bool]:
    if said.field not in _FIELDS:
        raise SearchFieldError(field=said.field)
    if not said.size:
        return true()
    holds = _FIELDS[said.field](said)
    return not_(holds) if said.exclude else holds


def _said_somewhere(word: str) -> ColumnElement[bool]:
    places = (Run.id, Run.stack_id, Run.branch)
    return or_(*(place.icontains(word, autoescape=True) for place in places))


def _place_in(after: str, *, descending: bool) -> int:
    cursor = decode_cursor(after)
    if (cursor.field, cursor.descending) != (_PLACE, descending):
        raise CursorError
    return decode_place(cursor.value)


def _cursor(last: QueuedRun, *, descending: bool) -> str:
    return Cursor(_PLACE, descending, str(last.position), last.run.id).encode()
