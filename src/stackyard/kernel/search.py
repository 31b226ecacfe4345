"""What a client may ask of a list: conditions, an order, a page. Pure values.

A slice says which field names mean which of its columns (`stacks/store/search.py`
is the first to). Nothing here speaks SQL.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import msgspec

from stackyard.kernel.errors import InvalidError

T = TypeVar("T")
R = TypeVar("R")

PAGE: Final = 50
LARGEST_PAGE: Final = 100
MOST_WORDS: Final = 50
MOST_VALUES: Final = 1_000


class CursorError(InvalidError):
    """That cursor is not one of this list: start again from its first page."""


class PageSizeError(InvalidError):
    """A page holds at least one entry: ask for more than that."""


class SearchTooLargeError(InvalidError):
    """A search has at most 50 words and 1000 values: look for less at once."""


class SearchFieldError(InvalidError):
    """This list cannot be searched by that field."""

    def __str__(self) -> str:
        return f"this list cannot be searched by {self.facts['field']!r}"


@dataclass(frozen=True, slots=True)
class Predicate:
    """One condition. Its values are alternatives; without any it says nothing."""

    field: str
    booleans: tuple[bool, ...] = ()
    enums: tuple[str, ...] = ()
    strings: tuple[str, ...] = ()
    exclude: bool = False

    @property
    def size(self) -> int:
        """Return how many values it has; one that has none counts as well."""
        return max(1, len(self.booleans) + len(self.enums) + len(self.strings))


@dataclass(frozen=True, slots=True)
class Order:
    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """All *predicates* hold, and every word of *text* is found somewhere."""

    first: int | None = None
    after: str | None = None
    text: str = ""
    predicates: tuple[Predicate, ...] = ()
    order: Order | None = None

    def __post_init__(self) -> None:
        # each becomes a part of one statement, and all of them are compared with a row
        values = sum(one.size for one in self.predicates)
        if len(self.text.split()) > MOST_WORDS or values > MOST_VALUES:
            raise SearchTooLargeError

    @property
    def limit(self) -> int:
        if self.first is None:
            return PAGE
        if self.first < 1:
            raise PageSizeError(first=self.first)
        return min(self.first, LARGEST_PAGE)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: list[T]
    end_cursor: str | None
    has_next: bool
    has_previous: bool


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended: the order it had, and the last entry's place in it."""

    field: str
    descending: bool
    value: str
    id: str

    def encode(self) -> str:
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode()


def decode_cursor(text: str) -> Cursor:
    """Return what `Cursor.encode` made, or raise `CursorError`."""
    try:
        body = base64.b64decode(text.encode(), altchars=b"-_", validate=True)
        return msgspec.json.decode(body, type=Cursor)
    except (binascii.Error, msgspec.MsgspecError, UnicodeError, ValueError):
        raise CursorError from None
