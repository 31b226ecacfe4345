"""Which words of a search mean which columns. Only what is named here reaches SQL."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Select, Text, func, not_, or_, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.expression import literal

from stackyard.contexts.model import Context
from stackyard.kernel.search import (
    Cursor,
    CursorError,
    Page,
    Predicate,
    Search,
    SearchFieldError,
    decode_cursor,
)

Condition: TypeAlias = Callable[[Predicate], ColumnElement[bool]]
_ORDER: Final = "name"  # the only one, either way: names are unique


def _text(column: Any) -> Condition:
    return lambda said: column.in_([*said.strings, *said.enums])


def _label(said: Predicate) -> ColumnElement[bool]:
    wanted = literal([*said.strings, *said.enums], ARRAY(Text))
    return Context.labels.bool_op("&&")(wanted)


_FIELDS: Final[dict[str, Condition]] = {
    "id": _text(Context.id),
    "label": _label,
    "labels": _label,
    "name": _text(Context.name),
    "slug": _text(Context.id),
    "space": _text(Context.space_id),
}
_EVERYWHERE: Final = (
    Context.name,
    Context.id,
    func.coalesce(Context.description, ""),
    func.array_to_string(Context.labels, " "),
)


def searched(query: Select[Context], search: Search) -> Select[Context]:
    """Narrow *query* to one page of the search, and one row more."""
    query = query.where(
        *(_condition(said) for said in search.predicates),
        *(_said_somewhere(word) for word in search.text.split()),
    )
    descending = _descending(search)
    if search.after:
        query = query.where(_beyond(search.after, descending=descending))
    order = Context.name.desc() if descending else Context.name.asc()
    return query.order_by(order).limit(search.limit + 1)


def page_of(rows: Sequence[Context], search: Search) -> Page[Context]:
    """Cut what `searched` found into a page; a row too many means there is more."""
    items = list(rows[: search.limit])
    return Page(
        items=items,
        end_cursor=_cursor(items[-1], search).encode() if items else None,
        has_next=len(rows) > search.limit,
        has_previous=bool(search.after),
    )


def _descending(search: Search) -> bool:
    order = search.order
    return order is not None and order.field == _ORDER and order.descending


def _condition(said: Predicate) -> ColumnElement[bool]:
    if said.field not in _FIELDS:
        raise SearchFieldError(field=said.field)
    if not (said.enums or said.strings):
        return true()
    holds = _FIELDS[said.field](said)
    return not_(holds) if said.exclude else holds


def _said_somewhere(word: str) -> ColumnElement[bool]:
    return or_(*(place.icontains(word, autoescape=True) for place in _EVERYWHERE))


def _beyond(after: str, *, descending: bool) -> ColumnElement[bool]:
    cursor = decode_cursor(after)
    if (cursor.field, cursor.descending) != (_ORDER, descending):
        raise CursorError
    return Context.name < cursor.value if descending else Context.name > cursor.value


def _cursor(last: Context, search: Search) -> Cursor:
    return Cursor(
        field=_ORDER, descending=_descending(search), value=last.name, id=last.id
    )
