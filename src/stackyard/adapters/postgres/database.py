import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Self, cast

from sqlalchemy import Connection as EngineConnection
from sqlalchemy import ExceptionContext, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    create_async_engine,
)
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.pool import QueuePool

from stackyard.adapters.postgres.dial import LIMITS, Connection, limits_sql
from stackyard.adapters.postgres.lending import lend_good_ones
from stackyard.kernel.database_url import DatabaseUrl
from stackyard.kernel.errors import InvalidError, UnavailableError

CLOSING_SECONDS: Final = 5
# After a fail-over the old primary, or a standby not promoted yet, may still answer.
READ_ONLY: Final = "25006"
TOO_LONG: Final = "54000"  # for an index: of a label, or of a name that is none
# Lost or refused, out of resources, being shut down, broken.
_DOWN_CLASSES: Final = {"08", "53", "57", "58"}
# Not to be had at the moment: a lock, or a turn after a deadlock; or idle for too long.
_DOWN_STATES: Final = {READ_ONLY, "25P03", "25P04", "40001", "40P01", "55P03"}


class DatabaseUnavailableError(UnavailableError):
    """The database does not answer at the moment. Try again."""


class OvertakenError(UnavailableError):
    """Somebody else deleted it at the same moment. Look at it again."""


class TextTooLongError(InvalidError):
    """An id, a name or a label is longer than any that can be kept: shorten it."""


@dataclass(frozen=True, slots=True)
class Database:
    engine: AsyncEngine

    @classmethod
    def connect(
        cls,
        url: DatabaseUrl | str,
        *,
        pool_size: int = 10,
        pool_seconds: float = LIMITS["statement_timeout"] / 1000,
    ) -> Self:
        """Return a bounded pool; nothing is dialled yet.

        *pool_seconds* is how long a connection is waited for when all are in use. Of
        forty clients on a slow machine each has to wait: it is the server that hangs
        only when whoever has one gets no answer either.
        """
        address = DatabaseUrl.of(url)
        engine = create_async_engine(
            "postgresql+psycopg://",
            async_creator=lambda: Connection.dial(address),
            pool_use_lifo=True,  # what a burst opened may then fall idle
            hide_parameters=True,  # they hold secrets, and errors reach the log
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=pool_seconds,
        )
        lend_good_ones(engine.sync_engine)
        event.listen(engine.sync_engine, "begin", _limit_transaction)
        event.listen(engine.sync_engine, "handle_error", _leave_who_cannot_write)
        return cls(engine)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One request, or one message, is one transaction.

        A lost connection is `DatabaseUnavailableError`, the one kind worth retrying.
        """
        async with _told_outages(), self._session() as session, session.begin():
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Be a transaction that cannot write; it has its connection when it begins."""
        async with _told_outages(writing=False), self._session() as session:
            await session.connection(execution_options={"postgresql_readonly": True})
            yield session
            await session.commit()

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection whose statements are no transaction, as `VACUUM` wants."""
        engine = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        async with _told_outages(), engine.connect() as connection:
            yield connection

    async def close(self) -> None:
        """Close every connection, once it is back from who was using it.

        Who was cancelled gives it back a moment later; the pool would forget it then,
        and leave it open.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + CLOSING_SECONDS
        pool = cast("QueuePool", self.engine.pool)
        while pool.checkedout() and loop.time() < deadline:  # noqa: ASYNC110 - a pool tells nobody
            await asyncio.sleep(0.01)
        await self.engine.dispose()

    def _session(self) -> AsyncSession:
        return AsyncSession(self.engine, expire_on_commit=False)


@asynccontextmanager
async def _told_outages(*, writing: bool = True) -> AsyncIterator[None]:
    try:
        yield
    except StaleDataError as error:  # what was read to be changed is there no more
        raise OvertakenError from error
    except PoolTimeoutError as error:  # all wait for a server that hangs
        raise DatabaseUnavailableError from error
    except DBAPIError as error:
        if not writing and _state_of(error.orig) == READ_ONLY:
            raise  # who was to read has tried to write: no outage, a mistake of ours
        if error.connection_invalidated or is_outage(error.orig):
            raise DatabaseUnavailableError from error
        if _state_of(error.orig) == TOO_LONG:
            raise TextTooLongError from error
        raise


def _limit_transaction(connection: EngineConnection) -> None:
    """Set the limits here where no session is ours for longer than a transaction."""
    if getattr(connection.connection.driver_connection, "pooled", False):
        connection.exec_driver_sql(limits_sql(local=True))


def _leave_who_cannot_write(context: ExceptionContext) -> None:
    """Dial anew, all of the pool: the one who can write may be elsewhere by now."""
    if _state_of(context.original_exception) == READ_ONLY:
        context.is_disconnect = True


def is_outage(error: BaseException | None) -> bool:
    """Whether what the driver raised will pass. Without a state it is not the server's:
    it was not reached.
    """
    state = _state_of(error)
    return not state or state[:2] in _DOWN_CLASSES or state in _DOWN_STATES


def _state_of(error: BaseException | None) -> str:
    return getattr(error, "sqlstate", None) or ""
