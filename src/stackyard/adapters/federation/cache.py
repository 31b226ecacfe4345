"""What providers publish, kept for a while: bounded, aged, and read once at a time."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import StackyardError

T = TypeVar("T")

AGE: Final = timedelta(hours=1)
# How old a copy must be before one that lacks something is read again. It is all that
# keeps a stranger's token with an invented key from making us call its provider.
RENEWAL: Final = timedelta(minutes=1)
_FAILURE: Final = timedelta(seconds=5)
_MOST: Final = 64


@dataclass(slots=True)
class _Entry(Generic[T]):
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    copy: tuple[datetime, T] | None = None
    failure: tuple[datetime, StackyardError] | None = None


@dataclass(slots=True)
class Cache(Generic[T]):
    load: Callable[[str], Awaitable[T]]
    clock: Clock
    most: int = _MOST
    _entries: OrderedDict[str, _Entry[T]] = field(default_factory=OrderedDict)

    async def get(self, url: str, *, age: timedelta = AGE) -> T:
        """Return what *url* says, no older than *age*.

        A failure is remembered, too, for a few seconds: those who waited for the same
        provider are not made to wait for it again, one after the other.
        """
        entry = self._entry(url)
        async with entry.lock:
            now = self.clock()
            if entry.copy and now - entry.copy[0] < age:
                return entry.copy[1]
            if entry.failure and now - entry.failure[0] < _FAILURE:
                raise entry.failure[1].with_traceback(None)
            try:
                loaded = await self.load(url)
            except StackyardError as error:
                entry.failure = now, error
                raise
            entry.copy, entry.failure = (now, loaded), None
            return loaded

    def _entry(self, url: str) -> _Entry[T]:
        entry = self._entries.setdefault(url, _Entry())
        self._entries.move_to_end(url)
        while len(self._entries) > self.most:
            self._entries.popitem(last=False)
        return entry
