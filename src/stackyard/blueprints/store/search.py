"""Which words of a search mean which columns, of blueprints and of templates.

Only what is named here reaches SQL.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, TypeVar

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    func,
    literal,
    not_,
    or_,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from stackyard.blueprints.model.blueprint import Blueprint
from stackyard.blueprints.model.template import Template
from stackyard.kernel.search import (
    Cursor,
    CursorError,
    Page,
    Predicate,
    Search,
    SearchFieldError,
    decode_cursor,
)

E = TypeVar("E", Blueprint, Template)
Condition: TypeAlias = Callable[[Predicate], ColumnElement[bool]]
_ORDER: Final = "name"  # the only one, either way


@dataclass(frozen=True, slots=True)
class Searching(Generic[E]):
    entity: type[E]
    fields: Mapping[str, Condition]

    def narrowed(self, query: Select[E], search: Search) -> Select[E]:
        """Narrow *query* to one page of the search, and one row more."""
        query = query.where(
            *(self._condition(said) for said in search.predicates),
            *(self._said_somewhere(word) for word in search.text.split()),
        )
        descending = _descending(search)
        if search.after:
            query = query.where(self._beyond(search.after, descending=descending))
        columns = (self.entity.name, self.entity.id)
        order = [one.desc() if descending else one.asc() for one in columns]
        return query.order_by(*order).limit(search.limit + 1)

    def page(self, rows: Sequence[E], search: Search) -> Page[E]:
        """Cut what was found into a page; a row too many means there is more."""
        items = list(rows[: search.limit])
        return Page(
            items=items,
            end_cursor=_cursor(items[-1], search).encode() if items else None,
            has_next=len(rows) > search.limit,
            has_previous=bool(search.after),
        )

    def _condition(self, said: Predicate) -> ColumnElement[bool]:
        if said.field not in self.fields:
            raise SearchFieldError(field=said.field)
        if not (said.enums or said.strings):
            return true()
        holds = self.fields[said.field](said)
        return not_(holds) if said.exclude else holds

    def _said_somewhere(self, word: str) -> ColumnElement[bool]:
        places = (
            self.entity.name,
            self.entity.id,
            func.coalesce(self.entity.description, ""),
            func.array_to_string(self.entity.labels, " "),
        )
        return or_(*(place.icontains(word, autoescape=True) for place in places))

    def _beyond(self, after: str, *, descending: bool) -> ColumnElement[bool]:
        cursor = decode_cursor(after)
        if (cursor.field, cursor.descending) != (_ORDER, descending):
            raise CursorError
        here = tuple_(self.entity.name, self.entity.id)
        last = tuple_(literal(cursor.value), literal(cursor.id))
        return here < last if descending else here > last


def _descending(search: Search) -> bool:
    order = search.order
    return order is not None and order.field == _ORDER and order.descending


def _cursor(last: Blueprint | Template, search: Search) -> Cursor:
    return Cursor(
        field=_ORDER, descending=_descending(search), value=last.name, id=last.id
    )


def _text(column: Any) -> Condition:
    return lambda said: column.in_([*said.strings, *said.enums])


def _labels(column: Any) -> Condition:
    return lambda said: column.bool_op("&&")(
        literal([*said.strings, *said.enums], ARRAY(Text))
    )


def _fields(entity: type[Blueprint] | type[Template]) -> dict[str, Condition]:
    return {
        "id": _text(entity.id),
        "label": _labels(entity.labels),
        "labels": _labels(entity.labels),
        "name": _text(entity.name),
        "slug": _text(entity.id),
        "space": _text(entity.space_id),
    }


BLUEPRINTS: Final = Searching(
    Blueprint, _fields(Blueprint) | {"state": _text(Blueprint.state)}
)
TEMPLATES: Final = Searching(Template, _fields(Template))
