"""How a mutation's arguments are kept: as they were sent, but for what is secret.

Pure. A secret's place is taken by its SHA-256 under the name `<Name>SHA`, so that two
entries can be compared and nothing be learned. What is merely long is treated alike.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

LONGEST_TEXT: Final = 1_000
LONGEST_ALL: Final = 16_384
_SECRET_WORDS: Final = frozenset(
    {"secret", "secrets", "password", "passphrase", "credential", "credentials", "jwt"}
)
_SECRET_ENDS: Final = (("token",), ("private", "key"), ("api", "key"))
# A variable's or a header's value, a file's content, what a client keeps here, what a
# run is given of its own, a key that may be sent with its private half: who knows what
# is in there.
_SECRET_NAMES: Final = frozenset({"value", "content", "data", "yaml", "ascii_armor"})
# What a policy is tried on: somebody's plan, or session. Elsewhere it is an object.
_SECRET_TEXTS: Final = frozenset({"input"})
_INITIALISMS: Final = {
    word: word.upper()
    for word in ("api", "cpu", "csr", "id", "ip", "json", "sha", "ttl", "uri", "url")
}
_USERINFO: Final = re.compile(r"(\w://)[^/@\s]+@")


def masked(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return *arguments*, whose names are in snake_case, as an entry keeps them."""
    kept = _fields(msgspec.to_builtins(dict(arguments), str_keys=True))
    text = canonical(kept)
    return kept if len(text) <= LONGEST_ALL else {"SHA": sha256(text)}


def canonical(value: Any) -> str:
    """Return the one JSON text of *value*: sorted names, no white space."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _fields(given: Mapping[str, Any]) -> dict[str, Any]:
    return dict(_field(name, value) for name, value in given.items())


def _field(name: str, value: Any) -> tuple[str, Any]:
    shown = "".join(
        _INITIALISMS.get(word, word[:1].upper() + word[1:]) for word in name.split("_")
    )
    hidden = _is_secret(name) or (name in _SECRET_TEXTS and isinstance(value, str))
    if value is None or not (hidden or _is_long(value)):
        return shown, _value(value)
    return f"{shown}SHA", sha256(value if isinstance(value, str) else canonical(value))


def _value(value: Any) -> Any:
    match value:
        case str() if _is_long(value):
            return f"sha256:{sha256(value)}"
        case str():
            return _USERINFO.sub(r"\1***@", value)
        case dict():
            return _fields(value)
        case list():
            return [_value(one) for one in value]
        case _:
            return value


def _is_secret(name: str) -> bool:
    words = name.lower().split("_")
    return (
        name in _SECRET_NAMES
        or not _SECRET_WORDS.isdisjoint(words)
        or any(tuple(words[-len(end) :]) == end for end in _SECRET_ENDS)
    )


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and len(value) > LONGEST_TEXT
