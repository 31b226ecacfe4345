"""Which words of a search mean which columns of pools. Only these reach SQL."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Select, Text, func, not_, or_, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.expression import literal

from stackyard.kernel.search import (
    Cursor,
    CursorError,
    Order,
    Page,
    Predicate,
    Search,
    SearchFieldError,
    decode_cursor,
)
from stackyard.workers.model import Pool

Condition: TypeAlias = Callable[[Predicate], ColumnElement[bool]]


def _text(column: Any) -> Condition:
    return lambda said: column.in_([*said.strings, *said.enums])


def _label(said: Predicate) -> ColumnElement[bool]:
    wanted = literal([*said.strings, *said.enums], ARRAY(Text))
    return Pool.labels.bool_op("&&")(wanted)


_FIELDS: Final[dict[str, Condition]] = {
    "id": _text(Pool.id),
    "label": _label,
    "labels": _label,
    "name": _text(Pool.name),
    "space": _text(Pool.space_id),
}
_EVERYWHERE: Final = (
    Pool.name,
    Pool.id,
    func.coalesce(Pool.description, ""),
    func.array_to_string(Pool.labels, " "),
)
_USUAL: Final = "name"
# What a list may be ordered by, its attribute, and how a place is read again.
_ORDERS: Final[dict[str, tuple[str, Callable[[str], object]]]] = {
    "name": ("name", str),
    "createdAt": ("created_at", datetime.fromisoformat),
    "updatedAt": ("updated_at", datetime.fromisoformat),
}


def searched(query: Select[Pool], search: Search) -> Select[Pool]:
    """Narrow *query* to one page of the search, and one row more."""
    order = _order(search)
    column = getattr(Pool, _ORDERS[order.field][0])
    query = query.where(
        *(_condition(said) for said in search.predicates),
        *(_said_somewhere(word) for word in search.text.split()),
    )
    if search.after:
        query = query.where(_beyond(search.after, order, column))
    place = (column.desc(), Pool.id.desc()) if order.descending else (column, Pool.id)
    return query.order_by(*place).limit(search.limit + 1)


def page_of(rows: Sequence[Pool], search: Search) -> Page[Pool]:
    """Cut what `searched` found into a page; a row too many means there is more."""
    items = list(rows[: search.limit])
    return Page(
        items=items,
        end_cursor=_cursor(items[-1], _order(search)).encode() if items else None,
        has_next=len(rows) > search.limit,
        has_previous=bool(search.after),
    )


def _order(search: Search) -> Order:
    if search.order is None or search.order.field not in _ORDERS:
        return Order(_USUAL)
    return search.order


def _condition(said: Predicate) -> ColumnElement[bool]:
    if said.field not in _FIELDS:
        raise SearchFieldError(field=said.field)
    if not said.size:
        return true()
    holds = _FIELDS[said.field](said)
    return not_(holds) if said.exclude else holds


def _said_somewhere(word: str) -> ColumnElement[bool]:
    return or_(*(place.icontains(word, autoescape=True) for place in _EVERYWHERE))


def _beyond(after: str, order: Order, column: Any) -> ColumnElement[bool]:
    cursor = decode_cursor(after)
    if (cursor.field, cursor.descending) != (order.field, order.descending):
        raise CursorError
    try:
        place = _ORDERS[order.field][1](cursor.value)
    except ValueError:
        raise CursorError from None
    here = tuple_(column, Pool.id)
    there = tuple_(literal(place), literal(cursor.id))
    return here < there if order.descending else here > there


def _cursor(pool: Pool, order: Order) -> Cursor:
    value = getattr(pool, _ORDERS[order.field][0])
    return Cursor(
        field=order.field,
        descending=order.descending,
        value=value.isoformat() if isinstance(value, datetime) else str(value),
        id=pool.id,
    )
