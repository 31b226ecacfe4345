"""Where the database is. Every connection there is gets its address from here.

The text is libpq's own form, so what libpq understands (several hosts, `sslmode`,
percent-encoding, a socket's folder) is left to it. Other programs append options that
only their driver knows: those are dropped, and kept by name so that it can be said.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Self
from urllib.parse import unquote

from psycopg import OperationalError
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo

_SCHEMES: Final = ("postgres", "postgresql")
_KNOWN: Final = frozenset(option.keyword.decode() for option in Conninfo.get_defaults())
_SSL_MODES: Final = frozenset(
    {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}
)
_HIGHEST_PORT: Final = 65535
# How other drivers are told not to keep statements prepared, for a pooler's sake.
_CACHE: Final = frozenset({"statement_cache_capacity", "statement-cache-capacity"})


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """*parameters* hold the password. *ignored* are the names of unknown options.

    Without *prepares* nothing may be prepared on the server.
    """

    parameters: Mapping[str, str] = field(repr=False)
    prepares: bool = True
    ignored: tuple[str, ...] = ()

    @classmethod
    def of(cls, url: "DatabaseUrl | str") -> "DatabaseUrl":
        """Take either form, since people, and tests, write text."""
        return cls.parse(url) if isinstance(url, str) else url

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read *text*; raises `ValueError`, which never repeats any of it."""
        scheme, _, rest = text.partition("://")
        if scheme not in _SCHEMES:
            raise ValueError("must be postgres://user:password@host:port/database")
        address, _, query = rest.partition("?")
        known, prepares, ignored = [], True, []
        for name, value in _pairs(query):
            if name in _CACHE:
                prepares = value != "0"
            elif name in _KNOWN:
                known.append(f"{name}={value}")
            else:
                ignored.append(name)
        parameters = _understood(f"postgresql://{address}?{'&'.join(known)}")
        return cls(MappingProxyType(parameters), prepares, tuple(ignored))

    def conninfo(self, **defaults: str) -> str:
        """Return libpq's form, with *defaults* for what the URL does not say."""
        return make_conninfo(**(defaults | dict(self.parameters)))


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        yield unquote(name), value  # the value stays encoded: libpq decodes it


def _understood(url: str) -> dict[str, str]:
    """Have libpq read it, and check what libpq would only find out when it dials."""
    try:
        options = Conninfo.parse(url.encode())
    except OperationalError:  # its message would show what it does not understand
        raise ValueError(
            "is not a PostgreSQL URL; is a special character in user or password"
            " written as it is, and not as %…?"
        ) from None
    found = {
        option.keyword.decode(): option.val.decode()
        for option in options
        if option.val is not None
    }
    hosts = found.get("host") or found.get("hostaddr") or ""
    if not hosts or not hosts.isascii() or not found.get("dbname"):
        raise ValueError("must name a host and a database")
    ports = found.get("port", "").split(",")
    if not all(_is_port(port) for port in ports if port):
        raise ValueError("must have ports between 1 and 65535")
    if found.get("sslmode", "prefer") not in _SSL_MODES:
        raise ValueError(f"must have an sslmode of {', '.join(sorted(_SSL_MODES))}")
    return found


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= int(text) <= _HIGHEST_PORT
