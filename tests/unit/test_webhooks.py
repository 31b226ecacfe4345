"""How long a webhook is tried, what it is sent, and what it must be."""

from datetime import timedelta
from typing import Any

import pytest
from tests.support.clouds import a_hook, a_named_hook
from tests.support.fake_vault import MemoryVault
from tests.support.stacks import a_spec

from stackyard.kernel.clock import system_clock
from stackyard.kernel.deliveries import DeliveryState
from stackyard.kernel.ids import LEGACY, StackId
from stackyard.kernel.outbound import Posted
from stackyard.runs.model import queue_run
from stackyard.runs.states import RunType
from stackyard.runs.told import state_change
from stackyard.stacks import Stack, TrackedCommit
from stackyard.webhooks import HookDelivery, HookProblemsError, StackWebhook

NET = StackId("net")
AT = system_clock()
CANARY = "canary-5ecre7"
BUSY, GONE, SILENT = Posted(503), Posted(404), Posted(problem="it was silent")


def a_webhook(**given: Any) -> StackWebhook:
    webhook = StackWebhook.create(NET, at=AT)
    webhook.change(a_hook(**given), MemoryVault(), at=AT)
    return webhook


def a_delivery(webhook: StackWebhook) -> HookDelivery:
    return HookDelivery.of(webhook, "run/1", "{}", at=AT)


@pytest.mark.parametrize(
    ("retries", "posted", "tries"),
    [
        (True, BUSY, 4),
        (True, SILENT, 4),
        (True, GONE, 1),  # it will not come back
        (True, Posted(302), 1),
        (False, BUSY, 1),
    ],
)
def test_what_may_pass_is_tried_three_times_more_if_that_is_wanted(
    *, retries: bool, posted: Posted, tries: int
) -> None:
    webhook = a_webhook(retry_on_failure=retries)
    delivery = a_delivery(webhook)
    for number in range(tries):
        assert delivery.state is DeliveryState.WAITING, number
        delivery.settle(webhook, posted, at=AT)
    assert delivery.state is DeliveryState.FAILED
    assert (delivery.attempts, delivery.status) == (tries, posted.status)
    assert webhook.failures == 1


def test_an_endpoint_that_fails_is_let_alone_for_longer_and_longer() -> None:
    webhook = a_webhook(retry_on_failure=True)
    delivery, pauses = a_delivery(webhook), []
    for _ in range(4):
        delivery.settle(webhook, BUSY, at=AT)
        assert webhook.paused_until is not None
        pauses.append(webhook.paused_until - AT)
    assert pauses == [timedelta(seconds=seconds) for seconds in (2, 4, 8, 16)]

    a_delivery(webhook).settle(webhook, Posted(204), at=AT)
    assert (webhook.failures, webhook.paused_until) == (0, None)


def test_after_ten_failures_in_a_row_it_is_switched_off() -> None:
    webhook = a_webhook()
    for _ in range(9):
        a_delivery(webhook).settle(webhook, GONE, at=AT)
    assert webhook.enabled
    a_delivery(webhook).settle(webhook, GONE, at=AT)
    assert not webhook.enabled

    webhook.change(a_hook(), MemoryVault(), at=AT)
    assert (webhook.enabled, webhook.failures) == (True, 0)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"name": "!?"}, "name: must have a letter a-z or a digit"),
        ({"name": "x" * 257}, "name: at most 256 characters"),
        ({"labels": ("",)}, "labels: a label must not be empty"),
        ({"labels": ("a", "a")}, "labels: must not name the same thing twice"),
        ({"name": "a\0"}, "without NUL characters"),
        ({"secret": "x" * 1_001}, "the secret is longer"),
        ({"endpoint": "ftp://hooks.example"}, "endpoint must be a valid URL"),
    ],
)
def test_what_is_wrong_is_said(given: dict[str, Any], found: str) -> None:
    settings = a_named_hook(**{"name": "x", "space_id": LEGACY} | given)
    assert found in "; ".join(settings.problems())


def test_a_secret_is_in_no_text_about_it() -> None:
    assert CANARY not in repr(a_hook(secret=CANARY))
    with pytest.raises(HookProblemsError):
        a_webhook(endpoint="")


def test_a_run_is_told_with_what_is_known_of_it() -> None:
    spec = a_spec(labels=("b", "a"), description="d")
    stack = Stack.create(NET, spec, space_id=LEGACY, manages_state=True, at=AT)
    commit = TrackedCommit("c0ffee1", "Say hello", "Ada", "ada", "https://x", 7)
    run, step = queue_run(
        stack_id=NET,
        type=RunType.TRACKED,
        branch="main",
        at=AT,
        triggered_by="ada",
        commit=commit.as_dict(),
        drift_detection=True,
    )
    seconds = int(AT.timestamp())
    told = {
        "state": "QUEUED",
        "stateVersion": 1,
        "timestamp": seconds,
        "run": {
            "id": run.id,
            "branch": "main",
            "commit": {
                "authorLogin": "ada",
                "authorName": "Ada",
                "hash": "c0ffee1",
                "message": "Say hello",
                "timestamp": 7,
                "url": "https://x",
            },
            "createdAt": seconds,
            "delta": None,
            "driftDetection": True,
            "triggeredBy": "ada",
            "type": "TRACKED",
        },
        "stack": {"id": "net", "name": "Net", "description": "d", "labels": ["b", "a"]},
    }
    assert state_change(run, step, stack) == told

    run.add_count, run.change_count, run.delete_count, run.resource_count = 1, 2, 3, 4
    delta = {"added": 1, "changed": 2, "deleted": 3, "resources": 4}
    assert state_change(run, step, stack)["run"]["delta"] == delta
