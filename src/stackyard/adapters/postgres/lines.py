"""Few connections, on which short statements are said without a session's machinery.

The queue asks little, and often: what SQLAlchemy does around a statement takes ten
times as long as the server takes to answer. Whoever keeps objects takes a `Database`.
"""

import asyncio
import select
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, TypeAlias

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import TextClause
from sqlalchemy.dialects.postgresql.psycopg import dialect

from stackyard.adapters.postgres.database import (
    DatabaseUnavailableError,
    is_outage,
)
from stackyard.adapters.postgres.dial import Connection
from stackyard.kernel.database_url import DatabaseUrl

Row: TypeAlias = Any  # its fields are the statement's columns
Facts: TypeAlias = Mapping[str, Any]

_DIALECT: Final = dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Line:
    """A connection in the hands of one who has something to say."""

    connection: Connection

    async def say(self, statement: TextClause, facts: Facts) -> None:
        await self.connection.execute(_spoken(statement), facts)

    async def ask(self, statement: TextClause, facts: Facts) -> list[Row]:
        cursor = self.connection.cursor(row_factory=namedtuple_row)
        await cursor.execute(_spoken(statement), facts)
        return await cursor.fetchall()


@dataclass(slots=True)
class Lines:
    """*habits* is said first: once on each connection, or, through a pooler in
    transaction mode, in each transaction. It sets with `set_config`, where `:local`
    says for how long.
    """

    url: DatabaseUrl | str
    habits: TextClause
    most: int = 2
    _idle: list[Connection] = field(default_factory=list)
    _closed: bool = False
    _room: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._room = asyncio.Semaphore(self.most)

    def __repr__(self) -> str:
        return "Lines()"  # the URL holds a password

    async def ask(self, statement: TextClause, facts: Facts) -> list[Row]:
        """Say one statement: a transaction of its own."""
        async with self._line() as line:
            if not line.connection.pooled:
                return await line.ask(statement, facts)
            async with line.connection.transaction():
                await line.say(self.habits, {"local": True})
                return await line.ask(statement, facts)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Line]:
        async with self._line() as line, line.connection.transaction():
            if line.connection.pooled:
                await line.say(self.habits, {"local": True})
            yield line

    async def close(self) -> None:
        """Close them all; one that is in use, as soon as it is not."""
        self._closed = True
        await self._drop_idle()

    @asynccontextmanager
    async def _line(self) -> AsyncIterator[Line]:
        """Lend a connection. One that an error or an end came upon is not used again,
        nor are those beside it: what befell one is likely to have befallen all.
        """
        with _told_outages():
            async with self._room:
                connection = await self._take()
                try:
                    yield Line(connection)
                except BaseException:
                    await connection.close()
                    await self._drop_idle()
                    raise
                self._idle.append(connection)
                if self._closed:
                    await self._drop_idle()

    async def _take(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if _is_quiet(connection):
                return connection
            await connection.close()
        connection = await Connection.dial(self.url, autocommit=True)
        try:
            if not connection.pooled:
                await Line(connection).say(self.habits, {"local": False})
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _drop_idle(self) -> None:
        while self._idle:
            await self._idle.pop().close()


def _is_quiet(connection: Connection) -> bool:
    """Whether the server has said nothing since: unasked, it says only goodbye."""
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return not connection.closed and not waiting.poll(0)


@contextmanager
def _told_outages() -> Iterator[None]:
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DatabaseUnavailableError from error
    except psycopg.Error as error:
        if error.sqlstate and is_outage(error.sqlstate):
            raise DatabaseUnavailableError from error
        raise


@cache
def _spoken(statement: TextClause) -> bytes:
    """Return it in the driver's words."""
    return str(statement.compile(dialect=_DIALECT)).encode()
