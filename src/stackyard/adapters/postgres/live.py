"""Hints that a run has moved on, from whichever process moved it.

One LISTEN connection per process, outside the request pool. A notification is a hint:
whoever is woken reads the truth again, and everybody is woken when the connection was
away, since hints were missed then.
"""

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import psycopg
import structlog

log = structlog.get_logger()

_RETRY_SECONDS = 1.0
_ALIVE_SECONDS = 15.0


@dataclass(eq=False)
class LiveHub:
    url: str
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
            except (psycopg.Error, OSError) as error:
                log.warning("live.disconnected", error=type(error).__name__)
            self._wake(*list(self._watchers))
            await asyncio.sleep(_RETRY_SECONDS * (0.5 + random.random()))  # noqa: S311 - jitter

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            self.url, autocommit=True, connect_timeout=5
        ) as connection:
            await connection.execute(f"LISTEN {self.channel}".encode())
            self._wake(*list(self._watchers))
            while True:
                async for note in connection.notifies(timeout=_ALIVE_SECONDS):
                    self._hear(note.payload)
                await connection.execute("SELECT 1")  # a dead peer shows itself here

    def close(self) -> None:
        """Let every watcher come to its end: the process is going."""
        self.closing = True
        self._wake(*list(self._watchers))

    def _hear(self, payload: str) -> None:
        note = json.loads(payload)
        self._wake(*(note[name] for name in ("run", "stack") if note.get(name)))

    def _wake(self, *topics: str) -> None:
        for topic in topics:
            for hint in self._watchers.get(topic, ()):
                hint.set()
