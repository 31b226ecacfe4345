"""Lists of what people name: searched by words, labels and spaces, in the names' order.

What else a list may be searched by is its slice's to say; nothing but what is named
reaches SQL.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

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
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY

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
_ORDER: Final = "name"  # the only one, either way


class Named(Protocol):
    """What rows of such a list have."""

    id: Any
    name: Any
    description: Any
    labels: Any
    space_id: Any


E = TypeVar("E", bound=Named)


def words_of(column: Any) -> Condition:
    """Return the condition that *column* is one of the words that were said."""
    text = type_coerce(column, Text)  # a word that is no member finds nothing
    return lambda said: text.in_([*said.strings, *said.enums])


@dataclass(frozen=True)
class ByName(Generic[E]):
    entity: type[E]
    more: Mapping[str, Condition] = field(default_factory=dict)

    def searched(self, query: Select[E], search: Search) -> Select[E]:
        """Narrow *query* to one page of the search, and one row more."""
        columns = (self.entity.name, self.entity.id)
        descending = _descending(search)
        query = query.where(
            *(self._condition(said) for said in search.predicates),
            *(self._said_somewhere(word) for word in search.text.split()),
        )
        if search.after:
            here = tuple_(*columns)
            last = _place(search.after, descending=descending)
            query = query.where(here < last if descending else here > last)
        order = [one.desc() if descending else one.asc() for one in columns]
        return query.order_by(*order).limit(search.limit + 1)

    def page_of(self, rows: Sequence[E], search: Search) -> Page[E]:
        """Cut what `searched` found into a page; a row too many means there is more."""
        items = list(rows[: search.limit])
        return Page(
            items=items,
            end_cursor=_cursor(items[-1], search).encode() if items else None,
            has_next=len(rows) > search.limit,
            has_previous=bool(search.after),
        )

    def _condition(self, said: Predicate) -> ColumnElement[bool]:
        known = self._usual() | dict(self.more)
        if said.field not in known:
            raise SearchFieldError(field=said.field)
        if not said.size:
            return true()
        holds = known[said.field](said)
        return not_(holds) if said.exclude else holds

    def _usual(self) -> dict[str, Condition]:
        return {
            "id": words_of(self.entity.id),
            "label": self._label,
            "labels": self._label,
            "name": words_of(self.entity.name),
            "slug": words_of(self.entity.id),
            "space": words_of(self.entity.space_id),
        }

    def _label(self, said: Predicate) -> ColumnElement[bool]:
        wanted = literal([*said.strings, *said.enums], ARRAY(Text))
        overlap: ColumnElement[bool] = self.entity.labels.bool_op("&&")(wanted)
        return overlap

    def _said_somewhere(self, word: str) -> ColumnElement[bool]:
        one = self.entity
        places = (
            one.name,
            one.id,
            func.coalesce(one.description, ""),
            func.array_to_string(one.labels, " "),
        )
        return or_(*(place.icontains(word, autoescape=True) for place in places))


def _descending(search: Search) -> bool:
    order = search.order
    return order is not None and order.field == _ORDER and order.descending


def _place(after: str, *, descending: bool) -> Any:
    cursor = decode_cursor(after)
    if (cursor.field, cursor.descending) != (_ORDER, descending):
        raise CursorError
    return tuple_(literal(cursor.value), literal(cursor.id))


def _cursor(last: Named, search: Search) -> Cursor:
    return Cursor(
        field=_ORDER, descending=_descending(search), value=last.name, id=last.id
    )
