"""Where lists and metrics are read: on the replica, if there is one and it answers.

A replica is a little behind. So nothing decides by what is read here, nobody expects to
find here what they have just written, and what may be seen is decided by who asks.
"""

import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.adapters.postgres.database import Database, DatabaseUnavailableError

log = structlog.get_logger()

_AWAY_SECONDS: Final = 10.0  # not everybody has to wait for it in vain


@dataclass(slots=True)
class Reading:
    primary: Database
    replica: Database | None = None
    away_until: float = 0.0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Be a transaction that cannot write, on the replica or else on the primary."""
        async with AsyncExitStack() as stack:
            session = await self._of_replica(stack)
            if session is None:
                reading = self.primary.reading()
                session = await stack.enter_async_context(reading)
            yield session

    async def _of_replica(self, stack: AsyncExitStack) -> AsyncSession | None:
        if self.replica is None or time.monotonic() < self.away_until:
            return None
        try:
            return await stack.enter_async_context(self.replica.reading())
        except DatabaseUnavailableError as error:
            log.warning("replica.away", reason=type(error.__cause__).__name__)
            pause = _AWAY_SECONDS * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
            self.away_until = time.monotonic() + pause
            return None
