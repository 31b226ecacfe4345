"""Kill each part with runs in flight: nothing is lost, nothing happens twice.

Every test ends with `assert_nothing_is_held`: no slot, no lock, no open leg, no run
that waits for something that will not come.
"""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import pytest
from tests.support.client import Client, eventually
from tests.support.platform import Platform
from tests.support.ports import free_port

LINES, HALF = 40, 20
CODE = """
resource "terraform_data" "first" {
  input = "one"
  provisioner "local-exec" { command = "echo first-made" }
}
resource "terraform_data" "second" {
  input = terraform_data.first.output
  provisioner "local-exec" { command = "echo second-1; APPLY; echo second-2" }
}
output "made" { value = terraform_data.second.output }
"""
PARTS = ["server", "drain", "scheduler", "postgres", "store"]
numbers = count(1)


@dataclass(frozen=True, slots=True)
class Door:
    """What a run waits for in the middle of a phase, until the test opens it."""

    port: int

    @property
    def passing(self) -> str:
        """A command that ends when the door is open."""
        knock = f"bash -c ': < /dev/tcp/127.0.0.1/{self.port}' 2> /dev/null"
        return f"until {knock}; do sleep 0.1; done"

    @contextmanager
    def opened(self) -> Iterator[None]:
        with socket.create_server(("127.0.0.1", self.port)):
            yield


@pytest.fixture
def door() -> Door:
    return Door(free_port())


def printing(first: int, last: int) -> str:
    return f'for i in $(seq {first} {last}); do echo "plan-line-$i"; done'


def a_stack(
    platform: Platform, *, plan: str = "true", apply: str = "true", **given: object
) -> str:
    """Make one that does *plan* and *apply* in the middle of those phases."""
    client, name = platform.client, f"slow-{next(numbers)}"
    repo = client.create_repo(name)
    client.commit(repo, {"main.tf": CODE.replace("APPLY", apply)})
    hook = f"{printing(1, HALF)}; {plan}; {printing(HALF + 1, LINES)}"
    return client.create_stack(name, repo, platform.pool, beforePlan=[hook], **given)


def wait_for_line(client: Client, stack: str, run: str, state: str, line: str) -> None:
    def printed() -> bool:
        found = client.ask(
            "query ($stack: ID!, $run: ID!, $state: RunState!) { stack(id: $stack) {"
            " run(id: $run) { logs(state: $state) { messages { message } } } } }",
            stack=stack,
            run=run,
            state=state,
        )["stack"]["run"]["logs"]
        return bool(found) and line in "".join(
            message["message"] for message in found["messages"]
        )

    eventually(printed, f"{line!r} in the log of {state}", 60)


def text_of(client: Client, stack: str, run: str, state: str) -> str:
    return b"".join(
        body for (name, _), body in client.log(stack, run).items() if name == state
    ).decode()


def assert_log_is_whole(client: Client, stack: str, run: str) -> None:
    """Every line of the hook is there once, in order, with nothing between them."""
    text = text_of(client, stack, run, "PLANNING")
    wanted = "".join(f"plan-line-{i}\n" for i in range(1, LINES + 1))
    assert wanted in text
    assert text.count("plan-line-") == LINES


def assert_applied_once(client: Client, stack: str, run: str) -> None:
    assert text_of(client, stack, run, "APPLYING").count("first-made\n") == 1
    states = [step["state"] for step in client.run(stack, run)["history"]]
    assert states.count("APPLYING") == 1
    assert client.outputs(stack)["made"] == '"one"'


def assert_nothing_is_held(platform: Platform) -> None:
    def free() -> bool:
        held = platform.query(
            "SELECT (SELECT count(*) FROM run_legs WHERE ended_at IS NULL)"
            " + (SELECT count(*) FROM state_locks)"
            " + (SELECT count(*) FROM runs WHERE holds_blocker)"
            " + (SELECT count(*) FROM workers WHERE leg_id IS NOT NULL)"
        )
        return held == [(0,)]

    eventually(free, "every slot and lock to be free", 60)


def carry_through(platform: Platform, stack: str, run: str) -> None:
    client = platform.client
    client.wait_for(stack, run, "UNCONFIRMED", seconds=90)
    assert_log_is_whole(client, stack, run)
    client.act("runConfirm", stack, run)
    client.wait_for(stack, run, "FINISHED", seconds=90)
    assert_applied_once(client, stack, run)
    assert_nothing_is_held(platform)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_dies_while_a_run_plans(
    platform: Platform, door: Door, part: str
) -> None:
    client, stack = platform.client, a_stack(platform, plan=door.passing)
    run = client.trigger(stack)
    wait_for_line(client, stack, run, "PLANNING", f"plan-line-{HALF}\n")

    platform.kill(part)
    with door.opened():  # the run goes on while nobody hears of it
        platform.bring_back(part)

        carry_through(platform, stack, run)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_dies_while_a_run_applies(
    platform: Platform, door: Door, part: str
) -> None:
    client = platform.client
    stack = a_stack(platform, apply=door.passing, autodeploy=True)
    run = client.trigger(stack)
    wait_for_line(client, stack, run, "APPLYING", "second-1")

    platform.kill(part)
    with door.opened():
        platform.bring_back(part)

        client.wait_for(stack, run, "FINISHED", seconds=90)
    assert_log_is_whole(client, stack, run)
    assert_applied_once(client, stack, run)
    assert_nothing_is_held(platform)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_dies_right_after_a_run_was_triggered(
    platform: Platform, part: str
) -> None:
    client, stack = platform.client, a_stack(platform)
    run = client.trigger(stack)

    platform.kill(part)
    platform.bring_back(part)

    carry_through(platform, stack, run)


def test_a_worker_that_dies_planning_leaves_a_failed_run(
    platform: Platform, door: Door
) -> None:
    client, stack = platform.client, a_stack(platform, plan=door.passing)
    run = client.trigger(stack)
    wait_for_line(client, stack, run, "PLANNING", f"plan-line-{HALF}\n")
    victim = the_busy_launcher(platform)

    platform.kill(victim)

    failed = client.wait_for(stack, run, "FAILED", seconds=90)
    assert "PLANNING" in failed["history"][0]["note"]
    platform.bring_back(victim)
    platform.wait_for_workers(2)
    assert f"plan-line-{HALF}\n" in text_of(client, stack, run, "PLANNING")
    again = client.trigger(stack)
    with door.opened():
        carry_through(platform, stack, again)


def test_a_worker_that_dies_applying_says_so_and_keeps_the_state(
    platform: Platform, door: Door
) -> None:
    client = platform.client
    stack = a_stack(platform, apply=door.passing, autodeploy=True)
    run = client.trigger(stack)
    wait_for_line(client, stack, run, "APPLYING", "second-1")
    victim = the_busy_launcher(platform)

    platform.kill(victim)

    failed = client.wait_for(stack, run, "FAILED", seconds=90)
    note = failed["history"][0]["note"]
    assert re.search("APPLYING", note)
    assert "state is kept" in note
    assert_nothing_is_held(platform)
    platform.bring_back(victim)
    platform.wait_for_workers(2)
    again = client.trigger(stack)
    with door.opened():
        client.wait_for(stack, again, "FINISHED", seconds=90)
    assert client.outputs(stack)["made"] == '"one"'
    assert_nothing_is_held(platform)


def test_a_worker_that_dies_between_plan_and_apply_is_not_missed(
    platform: Platform,
) -> None:
    client, stack = platform.client, a_stack(platform)
    run = client.trigger(stack)
    client.wait_for(stack, run, "UNCONFIRMED")
    platform.kill("worker-0")
    platform.kill("worker-1")

    client.act("runConfirm", stack, run)
    platform.bring_back("worker-0")

    client.wait_for(stack, run, "FINISHED", seconds=90)
    assert_applied_once(client, stack, run)
    platform.bring_back("worker-1")
    platform.wait_for_workers(2)
    assert_nothing_is_held(platform)


def test_cut_broker_connections_are_not_noticed_by_a_run(
    platform: Platform, door: Door
) -> None:
    client, stack = platform.client, a_stack(platform, plan=door.passing)
    run = client.trigger(stack)
    wait_for_line(client, stack, run, "PLANNING", f"plan-line-{HALF}\n")

    assert platform.broker_network.cut() > 0

    with door.opened():
        carry_through(platform, stack, run)


def the_busy_launcher(platform: Platform) -> str:
    """Return the process whose slot is taken, by what it printed last."""
    busy = {one["id"] for one in platform.workers() if one["busy"]}
    for name in platform.processes:
        if name.startswith("worker") and any(
            worker in platform.log_of(name) for worker in busy
        ):
            return name
    raise AssertionError(busy)
