"""What of a resource's attributes may leave the worker.

Nothing is left out: where a value is not to be seen there is its digest, so that two
can still be told from one another.
"""

import hashlib
from typing import Any, Final

import msgspec

from stackyard_protocol.job import Sanitize

_DIGITS: Final = 8  # the last ones: policies that people have compare with these


def digest(text: str | bytes) -> str:
    """Return what stands for a value that is not shown."""
    body = text.encode(errors="surrogateescape") if isinstance(text, str) else text
    return hashlib.sha256(body).hexdigest()[-_DIGITS:]


def sanitized(values: Any, marks: Any, how: Sanitize) -> Any:
    """Return *values* as they may be seen.

    *marks* is of the same structure and true where the tool calls a value sensitive;
    None if this version of the tool does not say, and then every text may be.
    """
    if how is Sanitize.NOTHING:
        return values
    texts = how is Sanitize.TEXTS or marks is None
    return _seen(values, marks, texts=texts)


def _seen(value: Any, mark: Any, *, texts: bool) -> Any:
    marked = mark is True
    match value:
        case dict():
            return {
                key: _seen(one, marked or _at(mark, key), texts=texts)
                for key, one in value.items()
            }
        case list():
            return [
                _seen(one, marked or _at(mark, number), texts=texts)
                for number, one in enumerate(value)
            ]
        case str():
            return digest(value) if texts or marked else value
        case bool() | None:
            return value
        case _:  # a number
            return digest(msgspec.json.encode(value)) if marked else value


def _at(mark: Any, key: str | int) -> Any:
    """Return what is marked in there; a mark may stop where nothing more is."""
    match mark, key:
        case dict(), str():
            return mark.get(key)
        case list(), int() if key < len(mark):
            return mark[key]
    return None
