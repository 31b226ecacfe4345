"""Measure every operation of the provider while 40 clients send them at once.

`python -m bench.clients_bench` writes `bench/results/clients.json`. One server, over
HTTP; the floor is a request that asks nothing of the database, in the same run.
"""

import asyncio
import os
import time
from typing import Final

import httpx
from tests.support.platform import running_platform
from tests.support.swarm import Swarm

from bench.figures import spread, write

CLIENTS: Final = 40
SECONDS: Final = float(os.environ.get("BENCH_SECONDS", "120"))
FLOOR_REQUESTS: Final = 2_000


async def floor(base: str) -> list[float]:
    took = []
    async with httpx.AsyncClient() as http:
        for _ in range(FLOOR_REQUESTS):
            begun = time.perf_counter()
            await http.get(f"{base}/health")
            took.append(time.perf_counter() - begun)
    return took


def milliseconds(took: list[float]) -> dict[str, float]:
    return spread([one * 1000 for one in took])


def main() -> None:
    with running_platform(workers=0) as platform:
        bare = asyncio.run(floor(platform.base))
        alone = Swarm(platform.base, platform.client.token)
        asyncio.run(alone.run(clients=1, seconds=SECONDS / 4))
        swarm = Swarm(platform.base, platform.client.token)
        asyncio.run(swarm.run(clients=CLIENTS, seconds=SECONDS))
    requests = sum(map(len, swarm.took.values()))
    write(
        "clients",
        {
            "clients": CLIENTS,
            "seconds": round(swarm.seconds, 1),
            "lives": swarm.lives,
            "requests_per_second": round(requests / swarm.seconds),
            "floor_health_ms": milliseconds(bare),
            "one_client_ms": {
                name: milliseconds(took) for name, took in sorted(alone.took.items())
            },
            "forty_clients_ms": {
                name: milliseconds(took) for name, took in sorted(swarm.took.items())
            },
        },
    )


if __name__ == "__main__":
    main()
