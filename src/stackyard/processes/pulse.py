"""A server says that it hears workers: whoever counts their silence has to know.

While no server runs, every worker is silent and none of them is lost.
"""

import asyncio
from typing import Final

import structlog

from stackyard.composition import Platform
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.errors import StackyardError
from stackyard.kernel.ids import new_ulid

log = structlog.get_logger()

EVERY_SECONDS: Final = 2.0


async def beat(platform: Platform) -> None:
    """Say so again and again, from now on; a beat that is missed is no harm."""
    server_id, since = new_ulid(), platform.means.clock()
    while True:
        try:
            async with platform.unit() as unit:
                await unit.workers.beat(server_id, since=since, by=SYSTEM)
        except StackyardError as error:
            log.warning("pulse.missed", reason=type(error).__name__)
        await asyncio.sleep(EVERY_SECONDS)
