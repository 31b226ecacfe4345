"""Hints that a run has moved on, from whichever process moved it.

One LISTEN connection per process, outside the request pool. A notification is a hint:
whoever is woken reads the truth again, and everybody is woken when the connection was
away, since hints were missed then. Where a pooler lets nothing through, everybody is
woken every second.
"""

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from stackyard.adapters.postgres.ear import LOST, DeafError, heard, listening
from stackyard.kernel.database_url import DatabaseUrl

log = structlog.get_logger()

_RETRY_SECONDS = 1.0
_ALIVE_SECONDS = 5.0
_DEAF_ROUNDS = 30  # then it is tried again


@dataclass(eq=False)
class LiveHub:
    """*url* leads straight to the server, or the hub is deaf and polls."""

    url: DatabaseUrl | str
    channel: str
    closing: bool = False
    _watchers: defaultdict[str, set[asyncio.Event]] = field(
        default_factory=lambda: defaultdict(set)
    )

    @asynccontextmanager
    async def watch(self, topic: str) -> AsyncIterator[asyncio.Event]:
        """Yield an event that is set whenever *topic* may have changed."""
        hint = asyncio.Event()
        self._watchers[topic].add(hint)
        try:
            yield hint
        finally:
            self._watchers[topic].discard(hint)
            if not self._watchers[topic]:
                del self._watchers[topic]

    async def run(self) -> None:
        """Listen for ever, through any outage of the database."""
        while True:
            try:
                await self._listen()
            except DeafError:  # which was told at the start
                for _ in range(_DEAF_ROUNDS):
                    await self._wake_all_after_a_while()
            except LOST as error:
                log.warning("live.disconnected", error=type(error).__name__)
            await self._wake_all_after_a_while()

    async def _listen(self) -> None:
        async with listening(self.url, self.channel) as connection:
            self._wake_all()
            async for note in heard(connection, seconds=_ALIVE_SECONDS):
                self._hear(note)

    async def _wake_all_after_a_while(self) -> None:
        self._wake_all()
        await asyncio.sleep(_RETRY_SECONDS * (0.5 + random.random()))  # noqa: S311 - jitter

    def close(self) -> None:
        """Let every watcher come to its end: the process is going."""
        self.closing = True
        self._wake_all()

    def _hear(self, payload: str) -> None:
        note = json.loads(payload)
        self._wake(*(note[name] for name in ("run", "stack") if note.get(name)))

    def _wake_all(self) -> None:
        self._wake(*list(self._watchers))

    def _wake(self, *topics: str) -> None:
        for topic in topics:
            for hint in self._watchers.get(topic, ()):
                hint.set()
