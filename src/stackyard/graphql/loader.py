"""Batches: what sibling fields ask for one by one is fetched in one query."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Loader(Generic[K, V]):
    """Collects the keys of one turn of the event loop, and asks for them together."""

    def __init__(
        self,
        fetch: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]],
        missing: Callable[[K], V],
    ) -> None:
        self._fetch = fetch
        self._missing = missing
        self._waiting: dict[K, asyncio.Future[V]] = {}
        self._task: asyncio.Task[None] | None = None

    async def load(self, key: K) -> V:
        if key not in self._waiting:
            self._waiting[key] = asyncio.get_running_loop().create_future()
            if self._task is None:
                self._task = asyncio.create_task(self._run())
        return await asyncio.shield(self._waiting[key])

    async def _run(self) -> None:
        await asyncio.sleep(0)  # let the siblings say what they want
        batch, self._waiting, self._task = self._waiting, {}, None
        try:
            found = await self._fetch(list(batch))
            answers = {
                key: found[key] if key in found else self._missing(key) for key in batch
            }
        except Exception as error:  # noqa: BLE001 - each that waits raises it
            for future in batch.values():
                future.set_exception(error)
            return
        for key, future in batch.items():
            future.set_result(answers[key])
