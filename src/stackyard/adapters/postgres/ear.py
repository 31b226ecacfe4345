"""A connection that only listens, outside every pool.

What it hears is a hint: who listens reads the truth as well, when the connection was
away, and now and then. Through a pooler in transaction mode nothing would be heard, and
nothing would say so.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from stackyard.adapters.postgres.dial import Connection
from stackyard.kernel.database_url import DatabaseUrl

# What an outage looks like from here. Whoever listens dials again after a while.
LOST = (psycopg.Error, OSError, TimeoutError)


class DeafError(Exception):
    """Nothing is, or would be, heard: perhaps a pooler stands before the server."""


@asynccontextmanager
async def listening(url: DatabaseUrl | str, channel: str) -> AsyncIterator[Connection]:
    """Listen on *channel*; raises `DeafError` where that would be in vain."""
    connection = await Connection.dial(url, autocommit=True)
    try:
        if connection.pooled:
            raise DeafError
        await connection.execute(f"LISTEN {channel}".encode())
        yield connection
    finally:
        await connection.close()


async def heard(connection: Connection, *, seconds: float) -> AsyncIterator[str]:
    """Yield what is heard, for ever; look every *seconds* whether it is alive."""
    while True:
        async for note in connection.notifies(timeout=seconds):
            yield note.payload
        async with asyncio.timeout(seconds):  # a dead peer shows itself here
            await connection.execute("SELECT 1")
