"""What existing clients send although the language does not have it."""

import re
from typing import Final

# A string, a comment, or an empty list of arguments. The first two are there to be
# skipped. Possessive, so that no document takes more than one pass.
_PIECES: Final = re.compile(
    r'''
      """(?:\\"""|(?!""").)*+"""
    | "(?:\\.|[^"\\\n\r])*+"
    | \#[^\n\r]*+
    | (?P<empty>\((?:[\s,\ufeff]++|\#[^\n\r]*+)*+\))
    ''',
    re.VERBOSE | re.DOTALL,
)


def without_empty_arguments(document: str) -> str:
    """Blank out `()`, which the grammar forbids. Positions in the text stay true."""
    return _PIECES.sub(_blank, document) if "(" in document else document


def _blank(found: re.Match[str]) -> str:
    if found["empty"] is None:
        return found[0]
    return re.sub(r"[^\n\r]", " ", found[0])
