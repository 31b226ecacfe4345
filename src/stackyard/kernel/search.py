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
from stackyard.kernel.text import storable

T = TypeVar("T")
R = TypeVar("R")

PAGE: Final = 50
LARGEST_PAGE: Final = 100
# Each becomes a piece of SQL, and somebody's processor has to put them together.
MOST_WORDS: Final = 32
MOST_PREDICATES: Final = 64
MOST_VALUES: Final = 1000
_DIGITS: Final = 18


class CursorError(InvalidError):
    """That cursor is not one of this list: start again from its first page."""


class PageSizeError(InvalidError):
    """A page holds at least one entry: ask for more than that."""


class SearchTooLargeError(InvalidError):
    """The search asks for too much at once: say less."""

    def __str__(self) -> str:
        return f"a search has at most {self.facts['most']} {self.facts['what']}"


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
        return len(self.booleans) + len(self.enums) + len(self.strings)


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
        values = sum(one.size for one in self.predicates)
        for what, found, most in (
            ("words", len(self.text.split()), MOST_WORDS),
            ("predicates", len(self.predicates), MOST_PREDICATES),
            ("values", values, MOST_VALUES),
        ):
            if found > most:
                raise SearchTooLargeError(what=what, most=most)

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
        cursor = msgspec.json.decode(body, type=Cursor)
    except (binascii.Error, msgspec.MsgspecError, UnicodeError, ValueError):
        raise CursorError from None
    if not storable(cursor.value + cursor.id):
        raise CursorError
    return cursor


def decode_place(value: str) -> int:
    """Return the number of an entry that a cursor holds, or raise `CursorError`."""
    if not value.isdecimal() or len(value) > _DIGITS:
        raise CursorError
    return int(value)
