"""Many clients at once, each of which goes through whole lives, one after another."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import httpx

from tests.support.documents import hear_async
from tests.support.lives import LIVES, Life
from tests.support.wire import PROVIDER, body, headers

PATIENCE: Final = 60  # seconds that a client waits for an answer


@dataclass
class Swarm:
    """*took* is how long each operation took, in seconds, every time."""

    base: str
    token: str
    name: str = "swarm"  # of whatever they make
    took: defaultdict[str, list[float]] = field(
        default_factory=lambda: defaultdict(list)
    )
    lives: int = 0
    seconds: float = 0  # until the last of them was over

    async def run(
        self, *, clients: int, seconds: float, lives: Sequence[Life] = LIVES
    ) -> None:
        """Let them live until the time is over; the first thing that is wrong fails.

        Every one of *lives* is lived at least once.
        """
        end, numbers = time.monotonic() + seconds, count()

        async def all_of_them(_swarm: "Swarm") -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(clients):
                    group.create_task(self._go_on(end, numbers, lives))

        begun = time.monotonic()
        await self.alone(all_of_them, clients)
        self.seconds = time.monotonic() - begun

    async def alone(
        self, go_on: Callable[["Swarm"], Awaitable[None]], clients: int = 1
    ) -> None:
        limits = httpx.Limits(max_connections=clients)
        async with httpx.AsyncClient(
            timeout=PATIENCE, limits=limits, event_hooks={"response": [hear_async]}
        ) as self._http:
            await go_on(self)

    async def data(self, operation: str, **variables: Any) -> Any:
        """Return what was asked for: the one thing, or else whatever there is."""
        begun = time.perf_counter()
        answer = await self._http.post(
            f"{self.base}/graphql",
            json=body(PROVIDER, operation, variables),
            headers=headers(PROVIDER, operation, self.token),
        )
        self.took[operation].append(time.perf_counter() - begun)
        assert answer.status_code == 200, (operation, answer.status_code, answer.text)
        said = answer.json()
        assert "errors" not in said, (operation, variables, said["errors"])
        found = said["data"]
        return found if len(found) > 1 else next(iter(found.values()))

    async def put(self, url: str, content: bytes) -> None:
        put = await self._http.put(
            url, content=content, headers={"Content-Type": "application/json"}
        )
        assert put.is_success, (url, put.status_code, put.text)

    async def _go_on(
        self, end: float, numbers: "count[int]", lives: Sequence[Life]
    ) -> None:
        """Take the next of them every time, whichever that is."""
        while (number := next(numbers)) < len(lives) or time.monotonic() < end:
            await lives[number % len(lives)](self, f"{self.name}-{number}")
            self.lives += 1
