"""How a connection is made: the one way for all of them, whatever they are for.

A pooler in transaction mode gives every transaction another session: nothing may be
prepared, set or listened to there. It is found out by asking the server who serves us:
a pooler makes up the process id that it told us when we connected. So it needs no
setting, and no startup option, which a pooler may refuse.
"""

import select
from typing import Final, Self

import psycopg
from psycopg.rows import TupleRow

from stackyard.kernel.database_url import DatabaseUrl

# In milliseconds. What waits longer holds others up, and nobody waits for it any more.
LIMITS: Final = {
    "statement_timeout": 30_000,
    "lock_timeout": 10_000,
    "idle_in_transaction_session_timeout": 60_000,
}
# A peer that went without a word is given up within ten seconds.
_ALIVE: Final = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "2",
    "tcp_user_timeout": "10000",
    "application_name": "stackyard",
}


class Connection(psycopg.AsyncConnection[TupleRow]):
    """A connection that knows whether every transaction has another session."""

    pooled = False

    @property
    def is_quiet(self) -> bool:
        """Whether the server has said nothing since: unasked, it says only goodbye."""
        if self.closed:
            return False
        unread = select.poll()
        unread.register(self.fileno(), select.POLLIN)
        return not unread.poll(0)

    @classmethod
    async def dial(cls, url: DatabaseUrl | str, *, autocommit: bool = False) -> Self:
        """Connect, and bound what may take long where that can be done once."""
        url = DatabaseUrl.of(url)
        connection = await cls.connect(
            url.conninfo(**_ALIVE),
            autocommit=True,
            prepare_threshold=5 if url.prepares else None,
        )
        try:
            await connection.look_around()
            await connection.set_autocommit(autocommit)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def look_around(self) -> None:
        """Find out who serves us; where a session is ours, bound what it may do."""
        asked = await self.execute("SELECT pg_backend_pid()")
        row = await asked.fetchone()
        self.pooled = row is None or row[0] != self.info.backend_pid
        if self.pooled:
            self.prepare_threshold = None
        else:
            await self.execute(limits_sql(local=False).encode())


def dial_blocking(url: DatabaseUrl | str) -> psycopg.Connection:
    """Connect for migrations: they set limits of their own, and prepare nothing."""
    return psycopg.connect(
        DatabaseUrl.of(url).conninfo(**_ALIVE), prepare_threshold=None
    )


def limits_sql(*, local: bool) -> str:
    """Return what sets the limits, for a session or for one transaction only."""
    each = (f"set_config('{name}', '{ms}', {local})" for name, ms in LIMITS.items())
    return f"SELECT {', '.join(each)}"
