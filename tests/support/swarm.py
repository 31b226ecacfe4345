"""Many clients at once, each of which goes through whole lives, one after another."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import httpx

from tests.support.lives import KINDS, Kind, live, live_around_a_stack
from tests.support.provider import OPERATIONS

PATIENCE: Final = 60  # seconds that a client waits for an answer


@dataclass
class Swarm:
    """*took* is how long each operation took, in seconds, every time."""

    base: str
    token: str
    took: defaultdict[str, list[float]] = field(
        default_factory=lambda: defaultdict(list)
    )
    lives: int = 0

    async def run(
        self, *, clients: int, seconds: float, kinds: Sequence[Kind] = KINDS
    ) -> None:
        """Let them live until the time is over; the first thing that is wrong fails."""
        end, numbers = time.monotonic() + seconds, count(1)
        limits = httpx.Limits(max_connections=clients)
        async with (
            httpx.AsyncClient(timeout=PATIENCE, limits=limits) as self._http,
            asyncio.TaskGroup() as group,
        ):
            for first in range(clients):
                group.create_task(self._go_on(first, end, numbers, kinds))

    async def data(self, operation: str, **variables: Any) -> Any:
        begun = time.perf_counter()
        answer = await self._http.post(
            f"{self.base}/graphql",
            json={
                "query": (OPERATIONS / f"{operation}.graphql").read_text(),
                "variables": variables,
            },
            headers={"Authorization": f"Bearer {self.token}"},
        )
        self.took[operation].append(time.perf_counter() - begun)
        assert answer.status_code == 200, (operation, answer.status_code, answer.text)
        said = answer.json()
        assert "errors" not in said, (operation, variables, said["errors"])
        (value,) = said["data"].values()
        return value

    async def _go_on(
        self, first: int, end: float, numbers: "count[int]", kinds: Sequence[Kind]
    ) -> None:
        turn = first
        while True:
            name, turn = f"swarm-{next(numbers)}", turn + 1
            which = turn % (len(kinds) + 1)
            if which == len(kinds):
                await live_around_a_stack(self, name)
            else:
                await live(self, kinds[which], name)
            self.lives += 1
            if time.monotonic() > end:
                return
