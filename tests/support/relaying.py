"""A relay process for tests that kill it.

Run as `python -m tests.support.relaying <database url> <queue>=<url in SQS> …`.
"""

import asyncio
import sys
from collections.abc import Mapping

from stackyard.adapters.queue import Relay
from stackyard.adapters.sqs import SqsConnection
from stackyard.kernel.queue import Queue
from tests.support.elasticmq import REGION
from tests.support.queues import receiver_at


async def relay(url: str, urls: Mapping[Queue, str]) -> None:
    async with (
        SqsConnection.open(urls, region=REGION) as connection,
        receiver_at(url, poll_seconds=1) as outbox,
    ):
        await Relay(outbox, connection, urls, visibility_seconds=3).run()


if __name__ == "__main__":
    pairs = [one.split("=", 1) for one in sys.argv[2:]]
    asyncio.run(relay(sys.argv[1], {Queue(name): url for name, url in pairs}))
