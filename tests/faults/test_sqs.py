"""A whole platform whose queues are in SQS; parts of it are killed."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.client import eventually
from tests.support.elasticmq import ElasticMq, depth_of, settings_of
from tests.support.platform import Platform, running_platform

from stackyard.kernel.queue import DEAD, Queue

CODE = """
resource "terraform_data" "one" { input = "hello" }
output "made" { value = terraform_data.one.output }
"""
SLOW = "for i in $(seq 1 30); do echo waiting-$i; sleep 0.1; done"
HELD_UP = (
    "SELECT count(*) FROM message_queue_messages"
    " WHERE due_at <= clock_timestamp() - interval '30 seconds'"
)


@pytest.fixture(scope="module")
def urls(elasticmq: ElasticMq) -> Mapping[Queue, str]:
    with ThreadPoolExecutor(1) as aside:  # a test may have a loop here
        return aside.submit(asyncio.run, elasticmq.make_queues()).result(60)


@pytest.fixture(scope="module")
def platform(urls: Mapping[Queue, str]) -> Iterator[Platform]:
    with running_platform(1, postgres_port=0, **settings_of(urls)) as platform:
        yield platform


def a_stack(platform: Platform, name: str, **given: object) -> str:
    repo = platform.client.create_repo(name)
    platform.client.commit(repo, {"main.tf": CODE})
    return platform.client.create_stack(name, repo, platform.pool, **given)


def dead_letters(elasticmq: ElasticMq, urls: Mapping[Queue, str]) -> int:
    with ThreadPoolExecutor(1) as aside:
        return sum(
            aside.submit(asyncio.run, depth_of(elasticmq, urls[queue])).result(20)
            for queue in DEAD
        )


def test_a_run_goes_from_code_to_applied_over_sqs(
    platform: Platform, elasticmq: ElasticMq, urls: Mapping[Queue, str]
) -> None:
    client = platform.client
    stack = a_stack(platform, "over-sqs")

    run = client.trigger(stack)
    client.wait_for(stack, run, "UNCONFIRMED")
    client.act("runConfirm", stack, run)
    client.wait_for(stack, run, "FINISHED")

    assert client.outputs(stack) == {"made": '"hello"'}
    # the outbox is no queue: what is due leaves it, and nothing has died
    eventually(lambda: platform.query(HELD_UP) == [(0,)], "the outbox to be relayed")
    assert dead_letters(elasticmq, urls) == 0


@pytest.mark.parametrize("part", ["drain", "scheduler", "server"])
def test_a_run_outlives_each_part_that_relays(platform: Platform, part: str) -> None:
    client = platform.client
    stack = a_stack(platform, f"without-{part}", beforePlan=[SLOW])

    run = client.trigger(stack)
    platform.restart(part)
    client.wait_for(stack, run, "UNCONFIRMED")
    client.act("runConfirm", stack, run)
    platform.restart(part)
    client.wait_for(stack, run, "FINISHED")


def test_what_cannot_be_relayed_is_told_of_and_can_be_listed(
    platform: Platform,
) -> None:
    [(row,)] = platform.query(
        "INSERT INTO message_queue_messages (queue, body) VALUES ('async',"
        " jsonb_build_object('reaction', 'poison', 'x', repeat('x', 300000)))"
        " RETURNING id"
    )

    def told() -> bool:
        return f'"message": "{row}"' in platform.log_of("drain")

    eventually(told, "the drain to tell of it")
    assert "message.died" in platform.log_of("drain")
    printed = subprocess.run(
        [sys.executable, "-m", "stackyard", "queue", "dead-letters", "list"],
        env=platform.environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "SQS refused it: larger than 256 KiB" in printed
