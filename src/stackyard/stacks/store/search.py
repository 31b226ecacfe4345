"""Which words of a search of stacks, or of modules, mean which columns.

Only what is named here reaches SQL. Orders nobody knows are the usual one instead of
an error, because clients ask for orders (`starred`) that mean nothing to all servers.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar

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
from stackyard.stacks.model.project import Project

Condition: TypeAlias = Callable[[Predicate], ColumnElement[bool]]
NO_MORE: Final[Mapping[str, Condition]] = MappingProxyType({})
P = TypeVar("P", bound=Project)


def text_condition(column: Any) -> Condition:
    words = type_coerce(column, Text)  # a word that is no member finds nothing
    return lambda said: words.in_([*said.strings, *said.enums])


def flag_condition(claim: Any) -> Condition:
    return lambda said: claim.in_(said.booleans)


def _label(said: Predicate) -> ColumnElement[bool]:
    wanted = literal([*said.strings, *said.enums], ARRAY(Text))
    return Project.labels.bool_op("&&")(wanted)


_FIELDS: Final[dict[str, Condition]] = {
    "administrative": flag_condition(Project.administrative),
    "autodeploy": flag_condition(Project.autodeploy),
    "branch": text_condition(Project.branch),
    "commit": text_condition(Project.tracked_commit["hash"].astext),
    "id": text_condition(Project.id),
    "isDisabled": flag_condition(Project.is_disabled),
    "label": _label,
    "labels": _label,
    "locked": flag_condition(Project.locked_by.is_not(None)),
    "name": text_condition(Project.name),
    "namespace": text_condition(Project.namespace),
    "projectRoot": text_condition(Project.project_root),
    "provider": text_condition(Project.provider),
    "repository": text_condition(Project.repository),
    "slug": text_condition(Project.id),
    "space": text_condition(Project.space_id),
    "state": text_condition(Project.state),
    "vendor": text_condition(Project.vendor_config["vendor"].astext),
    "workerPool": text_condition(Project.worker_pool_id),
}
_EVERYWHERE: Final = (
    Project.name,
    Project.id,
    func.coalesce(Project.description, ""),
    Project.repository,
    func.array_to_string(Project.labels, " "),
)
_USUAL: Final = "name"
# The columns a list may be ordered by, and how a place in that order is written down.
_ORDERS: Final[dict[str, tuple[Any, Callable[[str], object]]]] = {
    "name": (Project.name, str),
    "createdAt": (Project.created_at, datetime.fromisoformat),
    "updatedAt": (Project.updated_at, datetime.fromisoformat),
    "state": (type_coerce(Project.state, Text), str),
    "space": (Project.space_id, str),
    "repository": (Project.repository, str),
    "branch": (Project.branch, str),
}
_ATTRIBUTES: Final = {
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "space": "space_id",
}


def searched(
    query: Select[P], search: Search, more: Mapping[str, Condition] = NO_MORE
) -> Select[P]:
    """Narrow *query* to one page of the search, and one row more.

    *more*: what only this kind of project can be searched by.
    """
    order = _order(search)
    column, parse = _ORDERS[order.field]
    query = query.where(
        *(_condition(said, more) for said in search.predicates),
        *(_said_somewhere(word) for word in search.text.split()),
    )
    if search.after:
        query = query.where(_beyond(search.after, order, column, parse))
    place = (
        (column.desc(), Project.id.desc()) if order.descending else (column, Project.id)
    )
    return query.order_by(*place).limit(search.limit + 1)


def page_of(rows: Sequence[P], search: Search) -> Page[P]:
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


def _condition(said: Predicate, more: Mapping[str, Condition]) -> ColumnElement[bool]:
    meaning = more.get(said.field) or _FIELDS.get(said.field)
    if meaning is None:
        raise SearchFieldError(field=said.field)
    if not said.size:
        return true()
    # nothing known is not the same as something else: null must not swallow a `not`
    holds = func.coalesce(meaning(said), false())
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
    here = tuple_(column, Project.id)
    there = tuple_(literal(place), literal(cursor.id))
    return and_(here < there if order.descending else here > there)


def _cursor(project: Project, order: Order) -> Cursor:
    value = getattr(project, _ATTRIBUTES.get(order.field, order.field))
    return Cursor(
        field=order.field,
        descending=order.descending,
        value=value.isoformat() if isinstance(value, datetime) else str(value),
        id=project.id,
    )
