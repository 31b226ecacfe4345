"""Which words of a search mean which columns.

Only what is named here reaches SQL. Orders nobody knows are the usual one instead of
an error, because clients ask for orders (`starred`) that mean nothing to all servers.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    false,
    func,
    not_,
    or_,
    true,
    tuple_,
    type_coerce,
)
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
from stackyard.stacks.model.stack import Stack

Condition: TypeAlias = Callable[[Predicate], ColumnElement[bool]]


def _text(column: Any) -> Condition:
    words = type_coerce(column, Text)  # a word that is no member finds nothing
    return lambda said: words.in_([*said.strings, *said.enums])


def _flag(claim: Any) -> Condition:
    return lambda said: claim.in_(said.booleans)


def _label(said: Predicate) -> ColumnElement[bool]:
    wanted = literal([*said.strings, *said.enums], ARRAY(Text))
    return Stack.labels.bool_op("&&")(wanted)


_FIELDS: Final[dict[str, Condition]] = {
    "administrative": _flag(Stack.administrative),
    "autodeploy": _flag(Stack.autodeploy),
    "branch": _text(Stack.branch),
    "commit": _text(Stack.tracked_commit["hash"].astext),
    "id": _text(Stack.id),
    "isDisabled": _flag(Stack.is_disabled),
    "label": _label,
    "labels": _label,
    "locked": _flag(Stack.locked_by.is_not(None)),
    "name": _text(Stack.name),
    "namespace": _text(Stack.namespace),
    "projectRoot": _text(Stack.project_root),
    "provider": _text(Stack.provider),
    "repository": _text(Stack.repository),
    "slug": _text(Stack.id),
    "space": _text(Stack.space_id),
    "state": _text(Stack.state),
    "vendor": _text(Stack.vendor_config["vendor"].astext),
    "workerPool": _text(Stack.worker_pool_id),
}
_EVERYWHERE: Final = (
    Stack.name,
    Stack.id,
    func.coalesce(Stack.description, ""),
    Stack.repository,
    func.array_to_string(Stack.labels, " "),
)
_USUAL: Final = "name"
# The columns a list may be ordered by, and how a place in that order is written down.
_ORDERS: Final[dict[str, tuple[Any, Callable[[str], object]]]] = {
    "name": (Stack.name, str),
    "createdAt": (Stack.created_at, datetime.fromisoformat),
    "updatedAt": (Stack.updated_at, datetime.fromisoformat),
    "state": (type_coerce(Stack.state, Text), str),
    "space": (Stack.space_id, str),
    "repository": (Stack.repository, str),
    "branch": (Stack.branch, str),
}
_ATTRIBUTES: Final = {
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "space": "space_id",
}


def searched(query: Select[Stack], search: Search) -> Select[Stack]:
    """Narrow *query* to one page of the search, and one row more."""
    order = _order(search)
    column, parse = _ORDERS[order.field]
    query = query.where(
        *(_condition(said) for said in search.predicates),
        *(_said_somewhere(word) for word in search.text.split()),
    )
    if search.after:
        query = query.where(_beyond(search.after, order, column, parse))
    place = (column.desc(), Stack.id.desc()) if order.descending else (column, Stack.id)
    return query.order_by(*place).limit(search.limit + 1)


def page_of(rows: Sequence[Stack], search: Search) -> Page[Stack]:
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
    if not (said.booleans or said.enums or said.strings):
        return true()
    # nothing known is not the same as something else: null must not swallow a `not`
    holds = func.coalesce(_FIELDS[said.field](said), false())
    return not_(holds) if said.exclude else holds


def _said_somewhere(word: str) -> ColumnElement[bool]:
    return or_(*(place.icontains(word, autoescape=True) for place in _EVERYWHERE))


def _beyond(
    after: str, order: Order, column: Any, parse: Callable[[str], object]
) -> ColumnElement[bool]:
    cursor = decode_cursor(after)
    if (cursor.field, cursor.descending) != (order.field, order.descending):
        raise CursorError
    try:
        place = parse(cursor.value)
    except ValueError:
        raise CursorError from None
    here = tuple_(column, Stack.id)
    there = tuple_(literal(place), literal(cursor.id))
    return and_(here < there if order.descending else here > there)


def _cursor(stack: Stack, order: Order) -> Cursor:
    value = getattr(stack, _ATTRIBUTES.get(order.field, order.field))
    return Cursor(
        field=order.field,
        descending=order.descending,
        value=value.isoformat() if isinstance(value, datetime) else str(value),
        id=stack.id,
    )
