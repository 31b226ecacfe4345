"""Which servers we know: what is older is refused, what is newer is said to be new."""

from typing import Final

import structlog

log = structlog.get_logger()

OLDEST, NEWEST = 14, 17
_PER_MAJOR: Final = 10_000


class DatabaseVersionError(Exception):
    """The database's version is not one that is supported."""


def ensure_supported(number: int) -> None:
    """Judge `server_version_num`, such as 170010 for 17.10."""
    major, minor = divmod(number, _PER_MAJOR)
    found, supported = f"{major}.{minor}", f"{OLDEST} to {NEWEST}"
    if major < OLDEST:
        message = f"PostgreSQL {found} is too old; supported are {supported}"
        raise DatabaseVersionError(message)
    if major > NEWEST:
        log.warning("database.untried", version=found, supported=supported)
