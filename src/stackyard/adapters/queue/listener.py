"""The ear of a process: one connection that hears what was enqueued.

It only wakes. While it is deaf, or was never started, consumers poll; that is also what
finds a notification that got lost. It dials PostgreSQL directly, outside any pool: a
pooler in transaction mode would accept LISTEN and never deliver. That is found out when
it is dialled; whatever else makes it deaf, by talking to itself.
"""

import asyncio
import contextlib
import secrets
from dataclasses import dataclass, field
from random import SystemRandom

import psycopg
import structlog

from stackyard.adapters.postgres.dial import Connection
from stackyard.adapters.postgres.ear import DeafError, listening
from stackyard.adapters.queue.statements import CHANNEL
from stackyard.kernel.database_url import DatabaseUrl
from stackyard.kernel.queue import Queue

log = structlog.get_logger()

_random = SystemRandom()
_UNHURRIED_SECONDS = 1.0


@dataclass(slots=True)
class _Bell:
    rung: int = 0
    waiting: set[asyncio.Event] = field(default_factory=set)

    def ring(self) -> None:
        self.rung += 1
        for event in self.waiting:
            event.set()


@dataclass(slots=True)
class Listener:
    """*url* leads straight to the server. `run` it once per process."""

    url: DatabaseUrl | str
    check_seconds: float = 20
    answer_seconds: float = 5
    hears: bool = False
    _bells: dict[str, _Bell] = field(
        default_factory=lambda: {queue.value: _Bell() for queue in Queue}
    )

    def __repr__(self) -> str:
        return "Listener()"  # the URL holds a password

    def rung(self, queue: Queue) -> int:
        """Return how often the bell of *queue* has rung; see `wait`."""
        return self._bells[queue].rung

    async def wait(self, queue: Queue, *, since: int, seconds: float) -> None:
        """Return when the bell has rung after it had rung *since* times, or later."""
        bell = self._bells[queue]
        if bell.rung != since:
            return
        heard = asyncio.Event()
        bell.waiting.add(heard)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await heard.wait()
        finally:
            bell.waiting.discard(heard)

    async def run(self) -> None:
        """Listen until cancelled; whatever goes wrong, dial again after a while."""
        failures = 0
        while True:
            try:
                async with listening(self.url, CHANNEL) as connection:
                    await self._listen(connection)
            except (psycopg.Error, OSError, TimeoutError, DeafError) as error:
                failures = 1 if self.hears else failures + 1
                if failures == 1:  # once per outage
                    log.warning("queue.listener_lost", reason=type(error).__name__)
            finally:
                self.hears = False
            pause = min(5.0, 0.1 * 2 ** min(failures, 6))
            await asyncio.sleep(pause * _random.uniform(0.5, 1.5))

    async def _listen(self, connection: Connection) -> None:
        while True:
            await self._talk_to_itself(connection)
            if not self.hears:
                self.hears = True
                log.info("queue.listener_hears")
                self._ring_all()  # what was said while nobody listened
            else:  # what was said while we talked, if that went past us
                self._ring_all(within=_UNHURRIED_SECONDS)
            async for notification in connection.notifies(timeout=self.check_seconds):
                self._ring(notification.payload)

    async def _talk_to_itself(self, connection: Connection) -> None:
        word = f"echo/{secrets.token_hex(8)}"
        async with asyncio.timeout(self.answer_seconds):
            await connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, word))
            async for notification in connection.notifies(timeout=self.answer_seconds):
                if notification.payload == word:
                    return
                self._ring(notification.payload)
        raise DeafError

    def _ring(self, payload: str) -> None:
        if bell := self._bells.get(payload):
            bell.ring()

    def _ring_all(self, *, within: float = 0) -> None:
        """One after the other: all at once would want a connection each."""
        loop = asyncio.get_running_loop()
        for number, bell in enumerate(self._bells.values()):
            loop.call_later(within * number / len(self._bells), bell.ring)
