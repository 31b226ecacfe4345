"""A pool lends good connections: who is lent a dead one has an error for nothing."""

import time
from typing import Final, cast

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from stackyard.adapters.postgres.dial import Connection

MOMENT: Final = 1.0  # in seconds
_RETURNED: Final = "returned"


def lend_good_ones(engine: Engine) -> None:
    """Have *engine* ask a connection whether it is good before it lends it.

    Not if it was good a moment ago and its server has said nothing since: to ask is a
    quarter of what a transaction costs. If it is not good, none of its age is.
    """

    def note(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        entry.info[_RETURNED] = time.monotonic()

    def ensure(
        connection: DBAPIConnection,
        entry: ConnectionPoolEntry,
        _lent: PoolProxiedConnection,
    ) -> None:
        returned = entry.info.get(_RETURNED)
        if returned is None:  # dialled just now
            return
        own = cast("Connection", entry.driver_connection)
        if own.is_quiet and time.monotonic() - returned < MOMENT:
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise InvalidatePoolError from error

    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", ensure)
