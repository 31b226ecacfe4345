"""The server is away for longer than a worker may be silent: that costs no run."""

import time
from collections.abc import Iterator

import pytest
from tests.faults.test_faults import (
    HALF,
    Door,
    a_stack,
    assert_nothing_is_held,
    carry_through,
    wait_for_line,
)
from tests.support.client import eventually
from tests.support.platform import Platform, running_platform
from tests.support.ports import free_port

LEASE = 8


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running_platform(STACKYARD_WORKER_LEASE_SECONDS=str(LEASE)) as platform:
        yield platform


def test_a_run_outlives_a_server_that_was_away_for_two_leases(
    platform: Platform,
) -> None:
    door = Door(free_port())
    client, stack = platform.client, a_stack(platform, plan=door.passing)
    run = client.trigger(stack)
    wait_for_line(client, stack, run, "PLANNING", f"plan-line-{HALF}\n")

    platform.kill("server")
    time.sleep(2 * LEASE)
    [(workers,)] = platform.query("SELECT count(*) FROM workers WHERE leg_id <> ''")
    with door.opened():
        platform.bring_back("server")

        carry_through(platform, stack, run)
    assert workers == 1


def test_a_worker_that_dies_meanwhile_is_found_out_when_the_server_is_back(
    platform: Platform,
) -> None:
    door = Door(free_port())
    client, stack = platform.client, a_stack(platform, plan=door.passing)
    run = client.trigger(stack)
    wait_for_line(client, stack, run, "PLANNING", f"plan-line-{HALF}\n")

    platform.kill("server")
    platform.kill("worker-0")
    platform.bring_back("server")

    def ended() -> bool:
        return bool(client.run(stack, run)["state"] == "FAILED")

    eventually(ended, "the run to be failed", 60)
    assert_nothing_is_held(platform)
