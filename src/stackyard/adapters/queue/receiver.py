from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import SystemRandom
from typing import Any, Final, Self

from sqlalchemy import TextClause

from stackyard.adapters.postgres import StatementPool
from stackyard.adapters.postgres.statement_pool import Row, Transaction
from stackyard.adapters.queue import statements
from stackyard.adapters.queue.listener import Listener
from stackyard.adapters.queue.traffic import UNCOUNTED, Traffic
from stackyard.kernel.database_url import DatabaseUrl
from stackyard.kernel.queue import DEAD, MAX_RECEIVES, Message, Queue

RETENTION_SECONDS: Final = {Queue.CRONJOBS: 3600}
_FOREVER: Final = 100 * 365 * 86400
_MORE_THAN_ENOUGH: Final = 2**30  # there is nowhere to go from the dead letters
_random = SystemRandom()
_AT_ONCE: Final = 0.02  # something is there, but another consumer looks at it


def retention_of(queue: Queue) -> float:
    return RETENTION_SECONDS.get(queue, _FOREVER)


@dataclass(slots=True)
class PostgresReceiver:
    """Takes messages in short transactions of its own, as any number of processes may.

    *poll_seconds* is how long a lost notification goes unnoticed; without an ear it
    is *deaf_seconds*.
    """

    pool: StatementPool
    listener: Listener
    poll_seconds: float = 5
    deaf_seconds: float = 1
    traffic: Traffic = UNCOUNTED
    _rung: dict[Queue, int] = field(default_factory=dict)
    _last_group: dict[Queue, str] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: DatabaseUrl | str, listener: Listener, **given: Any
    ) -> AsyncIterator[Self]:
        """Lend one with connections of its own; *given* are the other fields."""
        pool = StatementPool(url, statements.BY_INDEX_ONLY)
        try:
            yield cls(pool, listener, **given)
        finally:
            await pool.close()

    async def receive(
        self, queue: Queue, *, limit: int, visibility_seconds: float
    ) -> list[Message]:
        self._rung[queue] = self.listener.rung(queue)
        facts = {
            "queue": queue,
            "limit": limit,
            "visibility": visibility_seconds,
            "most": _MORE_THAN_ENOUGH if queue in DEAD else MAX_RECEIVES,
            "dead_letters": queue.dead_letters,
        }
        rows: Sequence[Row]
        if queue.fifo:
            async with self.pool.transaction() as transaction:
                rows = await self._receive_heads(transaction, queue, facts)
        else:
            facts["retention"] = retention_of(queue)
            rows = await self.pool.fetch(statements.RECEIVE, facts)
        self.traffic.received.add(queue, len(rows))
        rows = sorted(rows, key=lambda row: row.id)
        return [_message(queue, row) for row in rows]

    async def wait(self, queue: Queue) -> None:
        """Return when there may be something to receive; early rather than late.

        A delayed or hidden message is waited for to the moment.
        """
        due = await self._next_due(queue)
        patience = self.poll_seconds if self.listener.hears else self.deaf_seconds
        patience *= _random.uniform(0.5, 1)  # or all queues ask at the same moment
        seconds = patience if due is None else max(_AT_ONCE, min(due, patience))
        await self.listener.wait(
            queue, since=self._rung.get(queue, -1), seconds=seconds
        )

    async def extend(self, message: Message, *, visibility_seconds: float) -> bool:
        facts = {"visibility": visibility_seconds}
        return await self._change_visibility(statements.EXTEND, message, facts)

    async def acknowledge(self, message: Message) -> bool:
        return bool(await self.acknowledge_all([message]))

    async def acknowledge_all(self, messages: Sequence[Message]) -> frozenset[str]:
        """Forget many at once; return the ids of those whose receipts were good.

        A receipt is good until somebody else receives the message, so that work that
        was done late, but done, is not done again.
        """
        facts = {
            "ids": [int(message.id) for message in messages],
            "receipts": [message.receipt for message in messages],
        }
        rows = await self.pool.fetch(statements.ACKNOWLEDGE, facts)
        gone = frozenset(str(row.id) for row in rows)
        for message in messages:
            if message.id in gone:
                self.traffic.deleted.add(message.queue)
        return gone

    async def give_back(self, message: Message, *, delay_seconds: float) -> bool:
        facts = {"delay": delay_seconds}
        return await self._change_visibility(statements.GIVE_BACK, message, facts)

    async def bury(self, message: Message, *, reason: str) -> bool:
        facts: dict[str, Any] = {"queue": message.queue}
        if message.queue in DEAD:
            return await self._change(statements.KEEP, message, facts)
        facts |= {"dead_letters": message.queue.dead_letters, "reason": reason}
        return await self._change(statements.BURY, message, facts)

    async def _receive_heads(
        self, transaction: Transaction, queue: Queue, facts: dict[str, Any]
    ) -> Sequence[Row]:
        """Go on behind the group that was served last: every group has its turn.

        More groups are locked than are wanted, for some may turn out to be taken.
        """
        last = self._last_group.get(queue, "")
        for after in (last, "") if last else ("",):
            looked_for = facts | {"after": after, "limit": facts["limit"] + 8}
            found = await transaction.fetch(statements.LOCK_GROUPS, looked_for)
            groups = [row.key for row in found if row.free]
            if not groups:
                continue
            taking = facts | {"groups": groups}
            if rows := await transaction.fetch(statements.RECEIVE_HEADS, taking):
                self._last_group[queue] = max(row.message_group for row in rows)
                return rows
        self._last_group.pop(queue, None)
        return []

    async def _next_due(self, queue: Queue) -> float | None:
        facts: dict[str, Any] = {"queue": queue}
        if queue.fifo:
            statement, facts["after"] = statements.NEXT_DUE_IN_ORDER, ""
        else:
            statement, facts["retention"] = statements.NEXT_DUE, retention_of(queue)
        [(due,)] = await self.pool.fetch(statement, facts)
        return float(due) if due is not None else None

    async def _change_visibility(
        self, statement: TextClause, message: Message, facts: dict[str, Any]
    ) -> bool:
        good = await self._change(statement, message, facts)
        self.traffic.changed_visibility.add(message.queue, int(good))
        return good

    async def _change(
        self, statement: TextClause, message: Message, facts: dict[str, Any]
    ) -> bool:
        facts = facts | {"id": int(message.id), "receipt": message.receipt}
        if message.group is None:
            return bool(await self.pool.fetch(statement, facts))
        group = {"queue": message.queue, "message_group": message.group}
        async with self.pool.transaction() as transaction:
            await transaction.fetch(statements.LOCK_GROUP, group)
            return bool(await transaction.fetch(statement, facts))


def _message(queue: Queue, row: Row) -> Message:
    return Message(
        id=str(row.id),
        queue=queue,
        body=row.body,
        group=row.message_group,
        receipt=str(row.receipt),
        receives=row.receives,
        returns=row.returns,
        origin=Queue(row.dead_from) if row.dead_from else None,
        reason=row.dead_reason,
    )
