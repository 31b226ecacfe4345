"""Takes messages off SQS, with the promises of `kernel.queue.Receiver`.

SQS counts every receive, and nothing undoes that. So a message that is given back is
not returned to SQS: it stays hidden there, and is *held* here until its delay is over.
It keeps its place in its group, which SQS blocks meanwhile, and its count. The price:
a drain that dies, or is stopped, lets go of what it holds, and that counts; and SQS
hides nothing for longer than twelve hours.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Final, Protocol, Self

import structlog

from stackyard.adapters.sqs import wire
from stackyard.adapters.sqs.connection import (
    BATCH,
    POLL_SECONDS,
    SqsConnection,
    SqsReceiptError,
)
from stackyard.kernel.queue import DEAD, Message, Queue

log = structlog.get_logger()

MOST_HELD: Final = 500  # per queue; when so many wait, nothing more is taken
HOLD_MARGIN: Final = 30.0  # hidden for longer than it is held
BURIAL_SECONDS: Final = 60.0
LEAVING_SECONDS: Final = 5.0
_FRESH: Final = 0.7  # of its time, and it need not be extended to be handed out


class Archive(Protocol):
    async def keep(self, message: Message) -> None:
        """Keep a dead letter where an operator finds it; SQS cannot."""


@dataclass(slots=True, eq=False)
class _Held:
    message: Message
    due: float


@dataclass(slots=True)
class _Lane:
    """What this process has of one queue, and how it last asked for more."""

    limit: int = 1
    visibility: float = 10
    poll: asyncio.Task[list[Message]] | None = None
    held: list[_Held] = field(default_factory=list)


@dataclass(slots=True)
class SqsReceiver:
    connection: SqsConnection
    archive: Archive
    _lanes: dict[Queue, _Lane] = field(
        default_factory=lambda: {queue: _Lane() for queue in Queue}
    )
    _good_until: dict[str, float] = field(default_factory=dict)  # by receipt

    @classmethod
    @asynccontextmanager
    async def open(
        cls, connection: SqsConnection, archive: Archive
    ) -> AsyncIterator[Self]:
        """Lend a receiver; on the way out, let go of what it holds."""
        receiver = cls(connection, archive)
        try:
            yield receiver
        finally:
            await receiver.let_go()

    async def receive(
        self, queue: Queue, *, limit: int, visibility_seconds: float
    ) -> list[Message]:
        lane = self._lanes[queue]
        lane.limit, lane.visibility = limit, visibility_seconds
        self._forget_stale()
        self._collect(lane)
        found = await self._take_due(lane)
        if found or lane.poll is not None or len(lane.held) >= MOST_HELD:
            return found
        return await self._ask(queue, wait_seconds=0)

    async def wait(self, queue: Queue) -> None:
        """Poll, for as long as SQS lets us; a poll that is left goes on for the next.

        What it finds is handed out by `receive`.
        """
        lane = self._lanes[queue]
        if lane.poll is None and len(lane.held) < MOST_HELD:
            polling = self._ask(queue, wait_seconds=POLL_SECONDS)
            lane.poll = asyncio.create_task(polling, name=f"sqs/{queue}")
        due = min((one.due for one in lane.held), default=None)
        seconds = None if due is None else max(0.0, due - _now())
        if lane.poll is None:
            await asyncio.sleep(seconds or 0)
        else:
            await asyncio.wait([lane.poll], timeout=seconds)

    async def extend(self, message: Message, *, visibility_seconds: float) -> bool:
        """Say no by our own clock: SQS may take a receipt whose time is up."""
        if self._good_until.get(message.receipt, 0) <= _now():
            return False
        seconds = ceil(visibility_seconds)
        try:
            await self.connection.call(
                message.queue,
                "change_message_visibility",
                ReceiptHandle=message.receipt,
                VisibilityTimeout=seconds,
            )
        except SqsReceiptError:
            self._good_until.pop(message.receipt, None)
            return False
        self._good_until[message.receipt] = _now() + seconds
        return True

    async def acknowledge(self, message: Message) -> bool:
        """Forget it, even if its time is up: work that was done is not done again."""
        good = self._good_until.get(message.receipt, 0) > _now()
        with contextlib.suppress(SqsReceiptError):
            await self.connection.call(
                message.queue, "delete_message", ReceiptHandle=message.receipt
            )
            self._good_until.pop(message.receipt, None)
            return good
        return False

    async def acknowledge_all(self, messages: Sequence[Message]) -> frozenset[str]:
        """Forget many of one queue; return the ids of those that were still ours."""
        done: set[str] = set()
        for start in range(0, len(messages), BATCH):
            batch = messages[start : start + BATCH]
            good = [self._good_until.get(one.receipt, 0) > _now() for one in batch]
            answer = await self.connection.call(
                batch[0].queue,
                "delete_message_batch",
                Entries=[
                    {"Id": str(n), "ReceiptHandle": one.receipt}
                    for n, one in enumerate(batch)
                ],
            )
            deleted = {int(one["Id"]) for one in answer.get("Successful", ())}
            done |= {batch[n].id for n in deleted if good[n]}
        return frozenset(done)

    async def give_back(self, message: Message, *, delay_seconds: float) -> bool:
        hidden = delay_seconds + HOLD_MARGIN
        if not await self.extend(message, visibility_seconds=hidden):
            return False
        again = replace(
            message, receives=message.receives + 1, returns=message.returns + 1
        )
        held = self._lanes[message.queue].held
        held.append(_Held(again, _now() + delay_seconds))
        return True

    async def bury(self, message: Message, *, reason: str) -> bool:
        if not await self.extend(message, visibility_seconds=BURIAL_SECONDS):
            return False
        if message.queue in DEAD:
            await self.archive.keep(message)
        else:
            letter = replace(message, origin=message.queue, reason=reason)
            await self.connection.send(message.queue.dead_letters, letter)
        return await self.acknowledge(message)

    async def let_go(self) -> None:
        """Let others have what is held here; SQS has counted it already."""
        polls = [lane.poll for lane in self._lanes.values() if lane.poll is not None]
        for poll in polls:
            poll.cancel()
        await asyncio.gather(*polls, return_exceptions=True)
        for lane in self._lanes.values():
            with contextlib.suppress(asyncio.CancelledError, Exception):
                self._collect(lane)
        held = [one for lane in self._lanes.values() for one in lane.held]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVING_SECONDS):
                await asyncio.gather(
                    *(self._release(one) for one in held), return_exceptions=True
                )

    async def _release(self, held: _Held) -> None:
        seconds = max(0.0, held.due - _now())
        await self.extend(held.message, visibility_seconds=seconds)

    async def _ask(self, queue: Queue, *, wait_seconds: int) -> list[Message]:
        """Receive from SQS.

        A batch of a FIFO queue may hold several messages of one group, of which only
        the first may be given out: so they are asked for one by one.
        """
        lane = self._lanes[queue]
        if not queue.fifo:
            most = min(BATCH, lane.limit)
            return await self._receive(queue, lane, most, wait_seconds)
        found = await self._receive(queue, lane, 1, wait_seconds)
        while found and len(found) < lane.limit:
            try:
                more = await self._receive(queue, lane, 1, 0)
            except Exception as error:  # noqa: BLE001 - what was found is not lost by it
                reason = type(error).__name__
                log.warning("sqs.receive_failed", queue=queue, reason=reason)
                break
            if not more:
                break
            found += more
        return found

    async def _receive(
        self, queue: Queue, lane: _Lane, most: int, wait_seconds: int
    ) -> list[Message]:
        hidden = ceil(lane.visibility)
        answer = await self.connection.call(
            queue,
            "receive_message",
            seconds=wait_seconds + 15,
            MaxNumberOfMessages=most,
            VisibilityTimeout=hidden,
            WaitTimeSeconds=wait_seconds,
            **wire.ASKED,
        )
        names = {wire.name_of(url): one for one, url in self.connection.urls.items()}
        found = [
            wire.message_of(queue, one, names) for one in answer.get("Messages", ())
        ]
        self._good_until |= {one.receipt: _now() + hidden for one in found}
        return found

    def _collect(self, lane: _Lane) -> None:
        """Take what a poll found that has ended; it is due at once."""
        if lane.poll is None or not lane.poll.done():
            return
        poll, lane.poll = lane.poll, None
        lane.held[:0] = [_Held(message, 0) for message in poll.result()]

    async def _take_due(self, lane: _Lane) -> list[Message]:
        """Take what is due out of what is held; what SQS let go of meanwhile is not."""
        found: list[Message] = []
        for one in sorted(lane.held, key=lambda one: one.due):
            if len(found) == lane.limit or one.due > _now():
                break
            try:
                good = await self._refresh(one.message, lane.visibility)
            except Exception:
                if found:
                    break  # the next time will tell
                raise
            lane.held.remove(one)
            if good:
                found.append(one.message)
        return found

    async def _refresh(self, message: Message, seconds: float) -> bool:
        left = self._good_until.get(message.receipt, 0) - _now()
        if left > seconds * _FRESH:
            return True
        return await self.extend(message, visibility_seconds=seconds)

    def _forget_stale(self) -> None:
        now = _now()
        for receipt in [k for k, until in self._good_until.items() if until <= now]:
            del self._good_until[receipt]


def _now() -> float:
    return asyncio.get_running_loop().time()
