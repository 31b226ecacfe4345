"""Brings a message from its row to the replica that holds the worker's connection.

Every replica runs one `Fanout`. A notification is only a hint to read the rows now;
they are read anyway after every (re)connect of the listener, whenever a client
subscribes, and every few seconds. They are read by what is there, never from the last
id seen on: a transaction that began earlier may commit later.

A row goes once a worker acknowledged the message (or it was written, to one that
subscribed with QoS 0). Until then it is tried with every connection that reads the
topic: at least once, by whichever replica. After `keep_seconds` nobody wants it any
more: a worker that comes back registers, and is told the truth.
"""

import asyncio
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from sqlalchemy import Row, delete, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from stackyard.adapters.mqtt.broker import Broker
from stackyard.adapters.mqtt.courier import CHANNEL, CUT
from stackyard.adapters.mqtt.model import Delivery
from stackyard.adapters.postgres.ear import LOST, DeafError, heard, listening
from stackyard.kernel.database_url import DatabaseUrl
from stackyard.kernel.ids import PoolId, WorkerId

log = structlog.get_logger()

_PAGE: Final = 500
_MOST_AT_ONCE: Final = 5_000
_ALIVE_SECONDS: Final = 5.0
_LONGEST_PAUSE: Final = 5.0
_DEAF_ROUNDS: Final = 10  # then hearing is tried again


@dataclass(eq=False)
class Fanout:
    """`url` is dialled for the listener alone. Through a pooler it would hear nothing;
    then the rows are read every `deaf_seconds`.
    """

    url: DatabaseUrl | str
    engine: AsyncEngine
    broker: Broker
    sweep_seconds: float = 5
    keep_seconds: float = 60
    deaf_seconds: float = 0.5
    _hinted: set[PoolId] = field(default_factory=set)
    _due: asyncio.Event = field(default_factory=asyncio.Event)
    _sweep: bool = True
    _delivering: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _delivered: set[int] = field(default_factory=set)
    _swept_at: float = 0
    _listening_since: float | None = None

    async def run(self) -> None:
        """Work until cancelled, through any outage of the database."""
        self.broker.on_subscribed = self.wake
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen_for_ever())
                group.create_task(self._pump_for_ever())
        finally:
            tasks = [*self._delivering.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def wake(self) -> None:
        """Look at all rows soon."""
        self._sweep = True
        self._due.set()

    # --- hints --------------------------------------------------------------------

    async def _listen_for_ever(self) -> None:
        pause = 0.1
        while True:
            try:
                await self._listen()
            except DeafError:  # which was told at the start
                await self._poll(_DEAF_ROUNDS)
                continue
            except LOST as error:
                log.warning("broker.listener_lost", error=type(error).__name__)
            if self._listening_since is not None:
                pause = 0.1
            self._listening_since = None
            await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311 - jitter
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _listen(self) -> None:
        async with listening(self.url, CHANNEL) as connection:
            self._listening_since = asyncio.get_running_loop().time()
            log.info("broker.listener_connected")
            self.wake()  # and here is what was missed
            self.broker.recheck_soon()
            async for note in heard(connection, seconds=_ALIVE_SECONDS):
                self._hear(note)

    async def _poll(self, rounds: int) -> None:
        """Be deaf for a while: look at the rows, and at who may still be connected."""
        if self._listening_since is None:
            self._listening_since = asyncio.get_running_loop().time()
        self.broker.recheck_soon()
        for _ in range(rounds):
            self.wake()
            await asyncio.sleep(self.deaf_seconds * (0.5 + random.random()))  # noqa: S311 - jitter

    def _hear(self, hint: str) -> None:
        kind, _, pool = hint.partition(" ")
        if kind == CUT:
            self.broker.disconnect_pool(PoolId(pool))
        else:
            self._hinted.add(PoolId(pool))
            self._due.set()

    # --- rows ---------------------------------------------------------------------

    async def _pump_for_ever(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self.sweep_seconds):
                    await self._due.wait()
            except TimeoutError:
                self._sweep = True
            self._due.clear()
            try:
                await self._pump()
            except Exception as error:  # noqa: BLE001 - the rows are still there
                log.warning("broker.fanout_failed", error=type(error).__name__)
                self._sweep = True
                await asyncio.sleep(0.5 + random.random())  # noqa: S311 - jitter
                self._due.set()

    async def _pump(self) -> None:
        await self._forget_delivered()
        hinted, self._hinted = self._hinted, set()
        if self._sweep:
            self._sweep = False
            hinted = set(self.broker.pools())
        await self._send_waiting(hinted & set(self.broker.pools()))
        await self._drop_old()

    async def _send_waiting(self, pools: Iterable[PoolId]) -> None:
        wanted, last = [*pools], 0
        while wanted and len(self._delivering) < _MOST_AT_ONCE:
            rows = await self._read(wanted, last)
            for row in rows:
                known = row.id in self._delivering or row.id in self._delivered
                if not known and self.broker.reads(row.pool_id, row.worker_id):
                    self._delivering[row.id] = asyncio.create_task(self._send(row))
            if len(rows) < _PAGE:
                return
            last = rows[-1].id

    async def _read(
        self, pools: list[PoolId], after: int
    ) -> Sequence[Row[int, PoolId, WorkerId, bytes]]:
        query = (
            select(Delivery.id, Delivery.pool_id, Delivery.worker_id, Delivery.payload)
            .where(Delivery.pool_id.in_(pools), Delivery.id > after)
            .order_by(Delivery.id)
            .limit(_PAGE)
        )
        # Committed, though it only reads: psycopg forgets what it has prepared on a
        # connection that is rolled back.
        async with asyncio.timeout(10), self.engine.begin() as connection:
            return (await connection.execute(query)).all()

    async def _send(self, row: Row[int, PoolId, WorkerId, bytes]) -> None:
        try:
            if await self.broker.deliver(row.pool_id, row.worker_id, row.payload):
                self._delivered.add(row.id)
                self._due.set()
        finally:
            del self._delivering[row.id]

    async def _forget_delivered(self) -> None:
        if delivered := [*self._delivered]:
            gone = delete(Delivery).where(Delivery.id.in_(delivered))
            async with asyncio.timeout(10), self.engine.begin() as connection:
                await connection.execute(gone)
            self._delivered.difference_update(delivered)

    async def _drop_old(self) -> None:
        """Forget what nobody fetched, but not before everybody could have.

        After an outage all rows are old: the other replicas, and the workers that are
        just reconnecting, get a moment.
        """
        now = asyncio.get_running_loop().time()
        since = self._listening_since
        if since is None or now - since < self.sweep_seconds * 3:
            return
        if now - self._swept_at < self.sweep_seconds:
            return
        self._swept_at = now
        oldest = func.now() - func.make_interval(0, 0, 0, 0, 0, 0, self.keep_seconds)
        old = delete(Delivery).where(Delivery.created_at < oldest)
        async with asyncio.timeout(10), self.engine.begin() as connection:
            dropped = await connection.execute(
                old.returning(Delivery.pool_id, Delivery.worker_id)
            )
            for pool_id, worker_id in dropped:
                log.warning("broker.dropped", pool=pool_id, worker=worker_id)
