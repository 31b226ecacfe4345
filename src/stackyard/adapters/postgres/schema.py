"""Is the server one that we know, and the schema what this code needs?

Looked at by every process at its start. What is missing, `migrate.py` brings about; it
is loaded only then, since a process would hold what it needs for as long as it lives.
"""

import inspect

import psycopg

from stackyard.adapters.postgres.dial import dial_blocking
from stackyard.adapters.postgres.version import ensure_supported
from stackyard.kernel.database_url import DatabaseUrl
from stackyard.migrations import NEEDED


class SchemaRightError(Exception):
    """The database user may not create tables."""


class SchemaLockedError(Exception):
    """The schema is not to be had: others migrate, or hold a table, for too long."""

    def __str__(self) -> str:
        return str(inspect.getdoc(self))


def ensure_schema(url: DatabaseUrl | str, *, after: bool = False) -> None:
    """Return when this code may run; with *after*, when the second half is done too.

    Blocking. Raises `DatabaseVersionError`, and what `migrate.upgrade` raises.
    """
    with dial_blocking(url) as connection:
        ensure_supported(connection.info.server_version)
        if not after and is_current(connection):
            return
    from stackyard.adapters.postgres.migrate import upgrade  # noqa: PLC0415 - see above

    upgrade(url, after=after)


def is_current(connection: psycopg.Connection) -> bool:
    """Return whether nothing is missing; whoever is at work right now is not done."""
    known = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
    if known is None or known[0] is None:
        return False
    return connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
        (NEEDED,)
    ]
