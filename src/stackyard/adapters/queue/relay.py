"""Takes what was committed to the outbox on to a queue outside the database.

A consumer of the built-in queue like any other, so it has what that promises: rows that
another relay looks at are skipped, one message of a group is on its way at a time, and
what a killed relay had in hand comes back. Each message leaves at least once, under an
id of its own, by which a FIFO queue knows it again. A delayed message waits here until
it is due, however long that is.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import SystemRandom
from typing import Final, Protocol

import structlog

from stackyard.adapters.queue.receiver import PostgresReceiver
from stackyard.kernel.errors import StackyardError
from stackyard.kernel.queue import Message, Queue

log = structlog.get_logger()
_random = SystemRandom()

BATCH: Final = 10
IN_TIME: Final = 0.5  # of the visibility; later, another relay may have the message
LONGEST_PAUSE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What became of a batch, by id. Who is in neither was not taken this time."""

    taken: frozenset[str]
    refused: Mapping[str, str] = field(default_factory=dict)  # for good, and why


class Sink(Protocol):
    async def forward(self, queue: Queue, messages: Sequence[Message]) -> Forwarded:
        """Enqueue *messages* elsewhere, or raise; all of it may be tried again."""


@dataclass(slots=True)
class Relay:
    """Any number may run. *queues* are those that this process may send to.

    What a killed relay had in hand comes back after *visibility_seconds*.
    """

    outbox: PostgresReceiver
    sink: Sink
    queues: Iterable[Queue]
    visibility_seconds: float = 30
    _failures: dict[Queue, int] = field(default_factory=dict)

    async def run(self) -> None:
        """Relay until cancelled, and outlive every outage of either side."""
        async with asyncio.TaskGroup() as group:
            for queue in self.queues:
                group.create_task(self._run(queue), name=f"relay/{queue}")

    async def _run(self, queue: Queue) -> None:
        while True:
            try:
                if not await self.relay_batch(queue):
                    await self.outbox.wait(queue)
            except Exception as error:  # noqa: BLE001 - whatever it is: pause, try again
                await self._pause(queue, error)
            else:
                self._failures[queue] = 0

    async def relay_batch(self, queue: Queue) -> int:
        """Take some messages on; return how many there were."""
        messages = await self.outbox.receive(
            queue, limit=BATCH, visibility_seconds=self.visibility_seconds
        )
        if messages:
            try:
                async with asyncio.timeout(self.visibility_seconds * IN_TIME):
                    done = await self.sink.forward(queue, messages)
            except BaseException:  # even when told to leave: nothing stays in hand
                await asyncio.shield(self._settle(messages, Forwarded(frozenset())))
                raise
            await asyncio.shield(self._settle(messages, done))
        return len(messages)

    async def _settle(self, messages: Sequence[Message], done: Forwarded) -> None:
        taken = [message for message in messages if message.id in done.taken]
        if taken:
            await self.outbox.acknowledge_all(taken)
        for message in messages:
            if message.id in done.refused:
                reason = done.refused[message.id]
                await self.outbox.bury(message, reason=f"SQS refused it: {reason}")
            elif message.id not in done.taken:  # that it was here is not its fault
                delay = float(min(15, 2 ** min(message.returns, 4)))
                await self.outbox.give_back(message, delay_seconds=delay)

    async def _pause(self, queue: Queue, error: Exception) -> None:
        """Wait a little longer each time, and not all at the same time."""
        failures = self._failures.get(queue, 0)
        if failures == 0:  # once per outage
            facts = error.facts if isinstance(error, StackyardError) else {}
            reason = type(error).__name__
            log.warning("relay.failed", reason=reason, **{"queue": queue} | facts)
        self._failures[queue] = failures + 1
        pause = min(LONGEST_PAUSE, 0.1 * 2.0 ** min(failures, 10))
        await asyncio.sleep(pause * _random.uniform(0.5, 1.5))
