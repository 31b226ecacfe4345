"""A pool for single statements, without a session's machinery around them.

The queue asks little, and often: what SQLAlchemy does around a statement takes ten
times as long as the server takes to answer. Whoever keeps objects takes a `Database`.
"""

import asyncio
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
class Transaction:
    """What is said in it happens together, or not at all."""

    connection: Connection

    async def fetch(self, statement: TextClause, facts: Facts) -> list[Row]:
        return await _fetch(self.connection, statement, facts)


@dataclass(slots=True)
class StatementPool:
    """*setup* is said first: once on each connection, or, through a pooler in
    transaction mode, in each transaction. It sets with `set_config`, where `:local`
    says for how long.
    """

    url: DatabaseUrl | str
    setup: TextClause
    most: int = 2
    _idle: list[Connection] = field(default_factory=list)
    _closed: bool = False
    _room: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._room = asyncio.Semaphore(self.most)

    def __repr__(self) -> str:
        return "StatementPool()"  # the URL holds a password

    async def fetch(self, statement: TextClause, facts: Facts) -> list[Row]:
        """Have one statement carried out: a transaction of its own."""
        async with self._connection() as connection:
            if not connection.pooled:
                return await _fetch(connection, statement, facts)
            async with self._begun(connection) as transaction:
                return await transaction.fetch(statement, facts)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with (
            self._connection() as connection,
            self._begun(connection) as transaction,
        ):
            yield transaction

    async def close(self) -> None:
        """Close them all; one that is in use, as soon as it is not."""
        self._closed = True
        await self._drop_idle()

    @asynccontextmanager
    async def _begun(self, connection: Connection) -> AsyncIterator[Transaction]:
        async with connection.transaction():
            if connection.pooled:
                await self._set_up(connection, local=True)
            yield Transaction(connection)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        """Lend one. If an error or an end comes upon it, it is not used again, nor are
        those beside it: what befell one is likely to have befallen all.
        """
        with _told_outages():
            async with self._room:
                connection = await self._take()
                good = False
                try:
                    yield connection
                    good = not self._closed
                finally:
                    self._idle.append(connection)
                    if not good:
                        await self._drop_idle()

    async def _take(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_quiet:
                return connection
            await connection.close()
        connection = await Connection.dial(self.url, autocommit=True)
        try:
            if not connection.pooled:
                await self._set_up(connection, local=False)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _set_up(self, connection: Connection, *, local: bool) -> None:
        await connection.execute(_in_driver_s_words(self.setup), {"local": local})

    async def _drop_idle(self) -> None:
        while self._idle:
            await self._idle.pop().close()


async def _fetch(
    connection: Connection, statement: TextClause, facts: Facts
) -> list[Row]:
    cursor = connection.cursor(row_factory=namedtuple_row)
    await cursor.execute(_in_driver_s_words(statement), facts)
    return await cursor.fetchall()


@contextmanager
def _told_outages() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        if is_outage(error):
            raise DatabaseUnavailableError from error
        raise


@cache
def _in_driver_s_words(statement: TextClause) -> bytes:
    return str(statement.compile(dialect=_DIALECT)).encode()
