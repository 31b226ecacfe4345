"""Which words of a search mean which columns. Only what is named here reaches SQL."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    false,
    func,
    not_,
    or_,
    true,
    tuple_,
)
from sqlalchemy.sql.expression import literal

from stackyard.audit.errors import SearchDateError
from stackyard.audit.model.entry import Entry
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
_ORDER: Final = "createdAt"  # the only one: any other a client asks for is this
_SECONDS: Final = 12  # digits at the most


def _text(column: Any) -> Condition:
    return lambda said: column.in_([*said.strings, *said.enums])


def _time(said: Predicate) -> ColumnElement[bool]:
    return or_(false(), *(_within(text) for text in (*said.strings, *said.enums)))


_FIELDS: Final[dict[str, Condition]] = {
    "action": _text(Entry.action),
    "actor": _text(Entry.actor),
    "affectedResourceId": _text(Entry.affected_id),
    "affectedResourceType": _text(Entry.affected_kind),
    "createdAt": _time,
    "eventType": _text(Entry.event_type),
    "outcome": _text(Entry.outcome),
    "relatedResourceId": _text(Entry.related_id),
    "relatedResourceType": _text(Entry.related_kind),
    "space": _text(Entry.space_id),
}
_EVERYWHERE: Final = (
    Entry.action,
    Entry.actor,
    Entry.actor_name,
    func.coalesce(Entry.affected_id, ""),
    func.coalesce(Entry.related_id, ""),
)


def searched(query: Select[Entry], search: Search) -> Select[Entry]:
    """Narrow *query* to one page of the search, and one row more."""
    descending = _descending(search)
    query = query.where(
        *(_condition(said) for said in search.predicates),
        *(_said_somewhere(word) for word in search.text.split()),
    )
    if search.after:
        query = query.where(_beyond(search.after, descending=descending))
    place = (Entry.at.desc(), Entry.id.desc()) if descending else (Entry.at, Entry.id)
    return query.order_by(*place).limit(search.limit + 1)


def page_of(rows: Sequence[Entry], search: Search) -> Page[Entry]:
    """Cut what `searched` found into a page; a row too many means there is more."""
    items = list(rows[: search.limit])
    return Page(
        items=items,
        end_cursor=_cursor(items[-1], search).encode() if items else None,
        has_next=len(rows) > search.limit,
        has_previous=bool(search.after),
    )


def _descending(search: Search) -> bool:
    if search.order is None or search.order.field != _ORDER:
        return True  # the newest first
    return search.order.descending


def _condition(said: Predicate) -> ColumnElement[bool]:
    if said.field not in _FIELDS:
        raise SearchFieldError(field=said.field)
    if not said.size:
        return true()
    # nothing known is not the same as something else: null must not swallow a `not`
    holds = _FIELDS[said.field](said)
    return not_(func.coalesce(holds, false())) if said.exclude else holds


def _said_somewhere(word: str) -> ColumnElement[bool]:
    return or_(*(place.icontains(word, autoescape=True) for place in _EVERYWHERE))


def _within(text: str) -> ColumnElement[bool]:
    """Read `2026-11-01..2026-11-30`, with either end left out, or one day alone."""
    first, dots, last = text.partition("..")
    if not dots:
        last = first
    limits = []
    if first:
        limits.append(Entry.at >= _moment(first)[0])
    if last:
        limits.append(Entry.at < _moment(last)[1])
    if not limits:
        raise SearchDateError
    return and_(*limits)


def _moment(text: str) -> tuple[datetime, datetime]:
    """Return where the day, or the second, that *text* names begins and has ended."""
    try:
        if text.isdecimal() and len(text) <= _SECONDS:
            begin = datetime.fromtimestamp(int(text), UTC)
            return begin, begin + timedelta(seconds=1)
        if len(text) == len("2026-11-30"):
            day = date.fromisoformat(text)
            begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
            return begin, begin + timedelta(days=1)
        begin = datetime.fromisoformat(text)
        begin = begin if begin.tzinfo else begin.replace(tzinfo=UTC)
        return begin, begin + timedelta(microseconds=1)
    except (ValueError, OverflowError, OSError):
        raise SearchDateError from None


def _beyond(after: str, *, descending: bool) -> ColumnElement[bool]:
    cursor = decode_cursor(after)
    if (cursor.field, cursor.descending) != (_ORDER, descending):
        raise CursorError
    try:
        place = datetime.fromisoformat(cursor.value)
    except ValueError:
        raise CursorError from None
    here = tuple_(Entry.at, Entry.id)
    there = tuple_(literal(place), literal(cursor.id))
    return here < there if descending else here > there


def _cursor(entry: Entry, search: Search) -> Cursor:
    return Cursor(
        field=_ORDER,
        descending=_descending(search),
        value=entry.at.isoformat(),
        id=entry.id,
    )
