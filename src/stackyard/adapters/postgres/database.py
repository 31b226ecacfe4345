from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from stackyard.kernel.errors import UnavailableError


class DatabaseUnavailableError(UnavailableError):
    """The database does not answer at the moment. Try again."""


@dataclass(frozen=True, slots=True)
class Database:
    engine: AsyncEngine

    @classmethod
    def connect(cls, url: str, *, pool_size: int = 10) -> Self:
        """Return a bounded pool; *url* is `postgresql://…`, nothing is dialled yet."""
        _, separator, rest = url.partition("://")
        if not separator:
            message = "the database's URL has no scheme"
            raise ValueError(message)
        return cls(
            create_async_engine(
                f"postgresql+psycopg://{rest}",
                pool_pre_ping=True,
                pool_use_lifo=True,  # what a burst opened may then fall idle
                hide_parameters=True,  # they hold secrets, and errors reach the log
                pool_size=pool_size,
                max_overflow=0,
                pool_timeout=10,
                connect_args={
                    "connect_timeout": 5,
                    "options": "-c statement_timeout=30000 -c lock_timeout=10000"
                    " -c idle_in_transaction_session_timeout=60000",
                },
            )
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One request, or one message, is one transaction.

        A lost connection is `DatabaseUnavailableError`, the one kind worth retrying.
        """
        try:
            async with (
                AsyncSession(self.engine, expire_on_commit=False) as session,
                session.begin(),
            ):
                yield session
        except DBAPIError as error:
            if error.connection_invalidated or _is_down(error):
                raise DatabaseUnavailableError from error
            raise


def _is_down(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None) or ""
    return state[:2] in {"08", "57"} or state in {"25006", "55P03"} or not state
