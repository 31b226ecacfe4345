"""Bring the schema up to date, whoever and however many start at once.

One transaction, under a lock that ends with it: the first does the work, the others
wait and find it done. Works through a pooler in transaction mode.
"""

from pathlib import Path
from typing import Final

import structlog
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

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
        milliseconds = _STATEMENT_SECONDS * 1000
        connection.execute(text(f"SET LOCAL statement_timeout = {milliseconds}"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _LOCK})
        try:
            command.upgrade(configuration(connection), "head")
        except ProgrammingError as error:
            if "permission denied for schema" not in str(error.orig):
                raise
            hint = "as an administrator run: GRANT ALL ON SCHEMA public TO <the user>"
            raise SchemaRightError(hint) from None


def configuration(connection: Connection) -> Config:
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
