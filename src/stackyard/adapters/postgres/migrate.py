"""Bring the schema up to date, whoever and however many start at once.

`schema.py` calls this where something is missing.

Migrations are one line of revisions, each of one of two halves. `before` is what the
new code needs and the previous release's code bears: every process brings that about at
its start. `after` removes what only the previous release needed. It is done by
`stackyard migrate --after`, once that release runs nowhere any more, or by the first
start of the next release, whose own `before` stands behind it in the line.

Each revision is a transaction of its own, so what is done stays done. The lock is held
beside them, by a transaction that does nothing else: it ends with its connection, it
survives `autocommit_block` (for indexes made concurrently), and a pooler in transaction
mode lets it be. It is tried for, not waited for: who waited inside a statement would be
waited for by such an index.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.pool import NullPool

from stackyard.adapters.postgres.dial import dial_blocking
from stackyard.adapters.postgres.schema import SchemaLockedError, SchemaRightError
from stackyard.kernel.database_url import DatabaseUrl

log = structlog.get_logger()

MIGRATIONS: Final = Path(__file__).parents[2] / "migrations"
BEFORE, AFTER = "before", "after"
_LOCK: Final = 0x57AC_4A2D  # any number, the same in every version of ours
_PATIENCE_SECONDS: Final = 900.0  # for another process's migrations
_TRIES: Final = 10
# Managed databases cut statements off at 120 s. A table's lock is waited for briefly:
# everybody who comes after us for that table waits behind us.
_LIMITS: Final = (
    "SELECT set_config('statement_timeout', '110000', true),"
    " set_config('lock_timeout', '4000', true),"
    " set_config('idle_in_transaction_session_timeout', '0', true)"
)
_LOCK_NOT_AVAILABLE: Final = "55P03"


def upgrade(
    url: DatabaseUrl | str, *, after: bool = False, scripts: Path = MIGRATIONS
) -> None:
    """Run what is missing of the first half, or of both. Blocking."""
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: dial_blocking(url), poolclass=NullPool
    )
    event.listen(
        engine, "begin", lambda connection: connection.exec_driver_sql(_LIMITS)
    )
    with _only_us(engine):
        for attempt in range(_TRIES):
            if attempt:
                log.info("migrate.postponed", attempt=attempt)
                time.sleep(random.uniform(1, 3))  # noqa: S311 - jitter
            if _upgraded(engine, after=after, scripts=scripts):
                return
    raise SchemaLockedError


def configuration(scripts: Path, **attributes: object) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes.update(attributes)
    return config


def first_half(directory: ScriptDirectory) -> str:
    """Return the newest revision of the first half; what follows it can wait."""
    for revision in directory.walk_revisions():
        half = getattr(revision.module, "half", None)
        if half == BEFORE:
            return revision.revision
        if half != AFTER:
            message = f"revision {revision.revision} does not say which half it is of"
            raise ValueError(message)
    message = "there is no revision of the first half"
    raise ValueError(message)


def _upgraded(engine: Engine, *, after: bool, scripts: Path) -> bool:
    """Say whether it is done; it is not while somebody holds a table."""
    try:
        _upgrade(engine, after=after, scripts=scripts)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        return False
    return True


def _upgrade(engine: Engine, *, after: bool, scripts: Path) -> None:
    directory = ScriptDirectory.from_config(configuration(scripts))
    target = "head" if after else first_half(directory)
    if unknown := _revisions(engine) - {
        one.revision for one in directory.walk_revisions()
    }:
        # ours is the release before, started again while the next one comes
        log.warning("migrate.schema_is_newer", revisions=sorted(unknown))
        return
    with engine.connect() as connection:
        try:
            command.upgrade(configuration(scripts, connection=connection), target)
        except ProgrammingError as error:
            if "permission denied for schema" not in str(error.orig):
                raise
            hint = "as an administrator run: GRANT ALL ON SCHEMA public TO <the user>"
            raise SchemaRightError(hint) from None


def _revisions(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads())


@contextmanager
def _only_us(engine: Engine) -> Iterator[None]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with engine.begin() as connection:
            if connection.scalar(text(f"SELECT pg_try_advisory_xact_lock({_LOCK})")):
                yield
                return
        if time.monotonic() > deadline:
            raise SchemaLockedError
        time.sleep(random.uniform(0.05, 0.2))  # noqa: S311 - jitter
