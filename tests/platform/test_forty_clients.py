"""Forty `terraform apply` at once: nothing gets stuck, breaks, or stays behind."""

import asyncio
import json
import os
from collections.abc import Iterator
from typing import Final

import pytest
from tests.support.platform import Platform, running_platform
from tests.support.swarm import Swarm

# Two minutes, where somebody has the time: FORTY_CLIENTS_SECONDS=120.
SECONDS: Final = float(os.environ.get("FORTY_CLIENTS_SECONDS", "15"))
LEFT_BEHIND: Final = {
    "api_keys": 1,  # the one that the clients sign in with
    "spaces": 2,
    "stacks": 0,
    "runs": 0,
    "contexts": 0,
    "policies": 0,
    "worker_pools": 1,
    "repositories": 0,
}


@pytest.fixture(scope="module")
def own_platform() -> Iterator[Platform]:
    with running_platform(workers=0) as platform:
        yield platform


def test_forty_clients_that_make_change_and_delete_leave_nothing(
    own_platform: Platform,
) -> None:
    swarm = Swarm(own_platform.base, own_platform.client.token)

    asyncio.run(swarm.run(clients=40, seconds=SECONDS))

    assert swarm.lives >= 40
    assert "deadlock detected" not in own_platform.log_of("postgres")
    answered = [
        line["status"]
        for line in map(json.loads, own_platform.log_of("server").splitlines())
        if line["event"] == "http.answered"
    ]
    assert max(answered) < 500
    left = {
        table: own_platform.query(f"SELECT count(*) FROM {table}")[0][0]
        for table in LEFT_BEHIND
    }
    assert left == LEFT_BEHIND
