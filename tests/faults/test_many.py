"""Many at once: none lost, none doubled, the order of each stack kept."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from tests.support.client import eventually
from tests.support.platform import Platform

STACKS, RUNS = 20, 200


@pytest.fixture(scope="module")
def stacks(platform: Platform) -> list[str]:
    client = platform.client
    repo = client.create_repo("many")
    client.commit(repo, {"main.tf": 'output "x" { value = 1 }\n'})
    return [
        client.create_stack(f"many-{number}", repo, platform.pool)
        for number in range(STACKS)
    ]


def test_two_triggers_at_once_make_two_runs_one_after_the_other(
    platform: Platform, stacks: list[str]
) -> None:
    client = platform.client
    with ThreadPoolExecutor(2) as both:
        one, two = both.map(lambda _: client.task(stacks[0], "sleep 1"), range(2))

    client.wait_for(stacks[0], one, "FINISHED")
    client.wait_for(stacks[0], two, "FINISHED")

    first, second = sorted(
        [performed(platform, run) for run in (one, two)], key=lambda span: span[0]
    )
    assert first[1] <= second[0]


def test_two_hundred_runs_of_twenty_stacks_on_two_workers(
    platform: Platform, stacks: list[str]
) -> None:
    client = platform.client
    made: defaultdict[str, list[str]] = defaultdict(list)

    def trigger(stack: str) -> None:
        for _ in range(RUNS // STACKS):
            made[stack].append(client.task(stack, f"echo run of {stack}"))

    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(trigger, stacks))
    everything = [run for runs in made.values() for run in runs]
    assert len(everything) == len(set(everything)) == RUNS

    def all_done() -> bool:
        left = platform.query(
            "SELECT count(*) FROM runs WHERE state NOT IN ('FINISHED', 'FAILED',"
            " 'CANCELED', 'DISCARDED', 'STOPPED')"
        )
        return left == [(0,)]

    eventually(all_done, "all runs to end", 300, every=0.5)

    rows = platform.query(
        "SELECT stack_id, id, state FROM runs WHERE command LIKE 'echo run of %'"
    )
    assert sorted(run for _, run, _ in rows) == sorted(everything)
    assert {state for _, _, state in rows} == {"FINISHED"}
    legs = platform.query(
        "SELECT run_id, count(*) FROM run_legs WHERE accepted_at IS NOT NULL"
        " GROUP BY run_id HAVING count(*) > 1"
    )
    assert legs == []
    for stack, runs in made.items():
        spans = [performed(platform, run) for run in runs]
        assert spans == sorted(spans), f"order of {stack}"
        assert all(before[1] <= after[0] for before, after in pairwise(spans))


def performed(platform: Platform, run: str) -> tuple[float, float]:
    """Return when the run's command began and when it ended."""
    [(begin, end)] = platform.query(  # the id is our own
        "SELECT extract(epoch FROM min(at) FILTER (WHERE state = 'PERFORMING'))::float,"
        " extract(epoch FROM min(at) FILTER (WHERE state = 'FINISHED'))::float"
        f" FROM run_transitions WHERE run_id = '{run}'"
    )
    return begin, end
