"""Kill each part with runs in flight: nothing is lost, nothing happens twice.

Every test ends with `assert_nothing_is_held`: no slot, no lock, no open leg, no run
that waits for something that will not come.
"""

import re
import socket
from itertools import count

import pytest
from tests.support.client import Client, eventually
from tests.support.platform import Platform
from tests.support.ports import free_port

LINES = 40
SLOW = f'for i in $(seq 1 {LINES}); do echo "{{0}}-line-$i"; sleep 0.1; done'
CODE = """
resource "terraform_data" "first" {
  input = "one"
  provisioner "local-exec" { command = "echo first-made; sleep 2" }
}
resource "terraform_data" "second" {
  input = terraform_data.first.output
  provisioner "local-exec" {
    command = "for i in 1 2 3 4 5 6 7 8; do echo second-$i; sleep 0.5; done; APPLY"
  }
}
output "made" { value = terraform_data.second.output }
"""
numbers = count(1)


def until_open(door: int) -> str:
    """Return a command that ends when somebody listens at *door*."""
    knock = f"bash -c ': < /dev/tcp/127.0.0.1/{door}' 2> /dev/null"
    return f"until {knock}; do sleep 0.2; done"


def a_slow_stack(
    platform: Platform, *, plan: str = "true", apply: str = "true", **given: object
) -> str:
    """Make one that does *plan* and *apply* last in those phases."""
    client, name = platform.client, f"slow-{next(numbers)}"
    repo = client.create_repo(name)
    client.commit(repo, {"main.tf": CODE.replace("APPLY", apply)})
    return client.create_stack(
        name,
        repo,
        platform.pool,
        beforePlan=[SLOW.replace("{0}", "plan"), plan],
        **given,
    )


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


@pytest.mark.parametrize("part", ["server", "drain", "scheduler", "postgres", "store"])
def test_a_part_dies_while_a_run_plans(platform: Platform, part: str) -> None:
    client, stack = platform.client, a_slow_stack(platform)
    run = client.trigger(stack)
    wait_for_line(client, stack, run, "PLANNING", "plan-line-5\n")

    platform.restart(part)

    carry_through(platform, stack, run)


@pytest.mark.parametrize("part", ["server", "drain", "scheduler", "postgres", "store"])
def test_a_part_dies_while_a_run_applies(platform: Platform, part: str) -> None:
    client, stack = platform.client, a_slow_stack(platform, autodeploy=True)
    run = client.trigger(stack)
    wait_for_line(client, stack, run, "APPLYING", "first-made")

    platform.restart(part)

    client.wait_for(stack, run, "FINISHED", seconds=90)
    assert_log_is_whole(client, stack, run)
    assert_applied_once(client, stack, run)
    assert_nothing_is_held(platform)


@pytest.mark.parametrize("part", ["server", "drain", "scheduler", "postgres", "store"])
def test_a_part_dies_right_after_a_run_was_triggered(
    platform: Platform, part: str
) -> None:
    client, stack = platform.client, a_slow_stack(platform)
    run = client.trigger(stack)

    platform.restart(part)

    carry_through(platform, stack, run)


def test_a_worker_that_dies_planning_leaves_a_failed_run(platform: Platform) -> None:
    client, door = platform.client, free_port()
    stack = a_slow_stack(platform, plan=until_open(door))
    run = client.trigger(stack)
    wait_for_line(client, stack, run, "PLANNING", "plan-line-5\n")
    victim = the_busy_launcher(platform)

    platform.kill(victim)

    failed = client.wait_for(stack, run, "FAILED", seconds=90)
    assert "PLANNING" in failed["history"][0]["note"]
    platform.start_worker(victim)
    platform.wait_for_workers(2)
    assert "plan-line-5\n" in text_of(client, stack, run, "PLANNING")
    again = client.trigger(stack)
    with socket.create_server(("127.0.0.1", door)):
        carry_through(platform, stack, again)


def test_a_worker_that_dies_applying_says_so_and_keeps_the_state(
    platform: Platform,
) -> None:
    client, door = platform.client, free_port()
    stack = a_slow_stack(platform, apply=until_open(door))
    run = client.trigger(stack)
    client.wait_for(stack, run, "UNCONFIRMED")
    client.act("runConfirm", stack, run)
    wait_for_line(client, stack, run, "APPLYING", "second-1")
    victim = the_busy_launcher(platform)

    platform.kill(victim)

    failed = client.wait_for(stack, run, "FAILED", seconds=90)
    note = failed["history"][0]["note"]
    assert re.search("APPLYING", note)
    assert "state is kept" in note
    assert_nothing_is_held(platform)
    platform.start_worker(victim)
    platform.wait_for_workers(2)
    again = client.trigger(stack)
    client.wait_for(stack, again, "UNCONFIRMED", seconds=90)
    client.act("runConfirm", stack, again)
    with socket.create_server(("127.0.0.1", door)):
        client.wait_for(stack, again, "FINISHED", seconds=90)
    assert client.outputs(stack)["made"] == '"one"'
    assert_nothing_is_held(platform)


def test_a_worker_that_dies_between_plan_and_apply_is_not_missed(
    platform: Platform,
) -> None:
    client, stack = platform.client, a_slow_stack(platform)
    run = client.trigger(stack)
    client.wait_for(stack, run, "UNCONFIRMED")
    platform.kill("worker-0")
    platform.kill("worker-1")

    client.act("runConfirm", stack, run)
    platform.start_worker("worker-0")

    client.wait_for(stack, run, "FINISHED", seconds=90)
    assert_applied_once(client, stack, run)
    platform.start_worker("worker-1")
    platform.wait_for_workers(2)
    assert_nothing_is_held(platform)


def test_cut_broker_connections_are_not_noticed_by_a_run(platform: Platform) -> None:
    client, stack = platform.client, a_slow_stack(platform)
    run = client.trigger(stack)
    wait_for_line(client, stack, run, "PLANNING", "plan-line-5\n")

    assert platform.broker_network.cut() > 0

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
