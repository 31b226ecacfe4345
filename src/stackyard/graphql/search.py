"""What clients send to search any list, as the kernel's values."""

from typing import Any

from stackyard.kernel.search import Order, Page, Predicate, Search

bindables: list[Any] = []


def search_from(given: dict[str, Any]) -> Search:
    """Read a `SearchInput`; the clients' empty lists arrive as null."""
    order = given.get("order_by")
    return Search(
        first=given.get("first"),
        after=given.get("after") or None,
        text=given.get("full_text_search") or "",
        predicates=tuple(_predicate(one) for one in given.get("predicates") or ()),
        order=order and Order(order["field"], descending=order["direction"] == "DESC"),
    )


def connection(page: Page[Any]) -> dict[str, Any]:
    return {
        "edges": [{"node": item} for item in page.items],
        "page_info": {
            "end_cursor": page.end_cursor,
            "has_next_page": page.has_next,
            "has_previous_page": page.has_previous,
        },
    }


def _predicate(given: dict[str, Any]) -> Predicate:
    constraint = given["constraint"]
    return Predicate(
        field=given["field"],
        booleans=tuple(constraint.get("boolean_equals") or ()),
        enums=tuple(constraint.get("enum_equals") or ()),
        strings=tuple(constraint.get("string_matches") or ()),
        exclude=bool(given.get("exclude")),
    )
