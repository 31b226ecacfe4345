"""Bring the schema up to date, whoever and however many start at once.

One transaction, under a lock that ends with it: the first does the work, the others
wait and find it done. Works through a pooler in transaction mode. A process that finds
nothing to do does not load Alembic, which it would hold for as long as it lives.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from stackyard.migrations import HEAD

if TYPE_CHECKING:
    from alembic.config import Config

log = structlog.get_logger()

MIGRATIONS: Final = Path(__file__).parents[2] / "migrations"
OLDEST, NEWEST = 14, 17
_LOCK: Final = 0x57AC_4A2D  # any number, the same in every version of ours
_STATEMENT_SECONDS: Final = 110  # managed databases cut statements off at 120


class DatabaseVersionError(Exception):
    """The database's version is not one that is supported."""


class SchemaRightError(Exception):
    """The database user may not create tables."""


def upgrade(url: str) -> None:
    """Run what is missing. Blocking; *url* is `postgresql://…`."""
    _, _, rest = url.partition("://")
    engine = create_engine(
        f"postgresql+psycopg://{rest}",
        poolclass=NullPool,
        connect_args={"connect_timeout": 10, "prepare_threshold": None},
    )
    with engine.begin() as connection:
        ensure_supported(connection)
        if is_current(connection):
            return
        milliseconds = _STATEMENT_SECONDS * 1000
        connection.execute(text(f"SET LOCAL statement_timeout = {milliseconds}"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _LOCK})
        from alembic import command  # noqa: PLC0415 - see above

        try:
            command.upgrade(configuration(connection), "head")
        except ProgrammingError as error:
            if "permission denied for schema" not in str(error.orig):
                raise
            hint = "as an administrator run: GRANT ALL ON SCHEMA public TO <the user>"
            raise SchemaRightError(hint) from None


def is_current(connection: Connection) -> bool:
    """Return whether nothing is missing; whoever is at work right now is not done."""
    known = connection.scalar(text("SELECT to_regclass('alembic_version')"))
    if known is None:
        return False
    found = connection.scalars(text("SELECT version_num FROM alembic_version")).all()
    return found == [HEAD]


def configuration(connection: Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def ensure_supported(connection: Connection) -> None:
    """Refuse what is too old, warn of what is newer than what was tried."""
    number = int(connection.scalar(text("SHOW server_version_num")) or 0)
    major = number // 10000
    supported = f"{OLDEST} to {NEWEST}"
    if major < OLDEST:
        message = f"PostgreSQL {major} is too old; supported are {supported}"
        raise DatabaseVersionError(message)
    if major > NEWEST:
        log.warning("database.untried", version=major, supported=supported)
