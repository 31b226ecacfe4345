"""Forty `terraform apply` at once: nothing gets stuck, breaks, or stays behind."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import pytest
from tests.support.client import eventually
from tests.support.documents import CLIENTS
from tests.support.lives import CROWDS, LIVES, Crowd, Life, Sender, called
from tests.support.platform import Platform, running_platform
from tests.support.swarm import Swarm
from tests.support.wire import PROVIDER, is_mutation

# Two minutes, where somebody has the time: FORTY_CLIENTS_SECONDS=120.
SECONDS: Final = float(os.environ.get("FORTY_CLIENTS_SECONDS", "5"))
# How many of each kind at the same moment: with a quarter of an hour, forty.
OF_A_KIND: Final = int(os.environ.get("FORTY_OF_A_KIND", "2"))
# The account has one of each, or it is no resource.
OF_ONE_CLIENT: Final = {
    "AccountUpdateDefaultRunnerImage",
    "AccountUpdateSecurityEmail",
    "AccountUpdateSecurityEmail__2",
    "AuditTrailWebhookCreate",
    "AuditTrailWebhookDelete",
    "SpaceliftProviderBuildClientFromAPIKeyParams",
    "StackDestructorDelete",  # which waits for a worker: see test_sessions.py
}
# What happened is kept for a while, also after what it happened to.
REMEMBERED: Final = {
    "audit_chain",
    "audit_entries",
    "message_queue_deduplications",
    "repository_garbage",  # until whoever reads it now has read it
    "sign_in_counts",
}
# What there is of a table that counts.
ONLY: Final = {
    "api_keys": "deleted_at IS NULL",
    "message_queue_messages": "queue <> 'cronjobs'",  # of those there are always some
}


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """Have one without workers: what waits for one is discarded."""
    with running_platform(workers=0) as platform:
        yield platform


@dataclass
class Left:
    """What the forty clients left behind: a platform, and how it was before them."""

    platform: Platform
    swarm: Swarm
    before: dict[str, int]


@pytest.fixture(scope="module")
def left(platform: Platform) -> Left:
    swarm = Swarm(platform.base, platform.client.token)
    before = rows(platform)
    asyncio.run(swarm.run(clients=40, seconds=SECONDS))
    return Left(platform, swarm, before)


def rows(platform: Platform) -> dict[str, int]:
    """Count what there is, table by table, in one question: it is asked often."""
    tables = platform.query(
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_schema = 'public' ORDER BY table_name"
    )
    counts = [
        f"SELECT '{table}', count(*) FROM {table} WHERE {ONLY.get(table, 'true')}"
        for (table,) in tables
        if table not in REMEMBERED
    ]
    return dict(platform.query(" UNION ALL ".join(counts)))


def test_forty_clients_that_make_change_and_delete_leave_nothing(left: Left) -> None:
    assert left.swarm.lives >= max(40, len(LIVES))
    nothing_stays(left.platform, left.before)


@pytest.mark.parametrize("life", LIVES, ids=called)
def test_many_of_a_kind_at_the_same_moment_leave_nothing(
    left: Left, life: Life
) -> None:
    live_at_once(left, [life] * OF_A_KIND, called(life))


@pytest.mark.parametrize("crowd", CROWDS, ids=called)
def test_many_on_one_thing_at_the_same_moment_leave_nothing(
    left: Left, crowd: Crowd
) -> None:
    async def life(sender: Sender, name: str) -> None:
        await crowd(sender, name, OF_A_KIND)

    live_at_once(left, [life], called(crowd))


def live_at_once(left: Left, lives: list[Life], name: str) -> None:
    platform, before = left.platform, rows(left.platform)
    swarm = Swarm(platform.base, platform.client.token, name.replace("_", "-"))
    asyncio.run(swarm.run(clients=OF_A_KIND, seconds=0, lives=lives))
    nothing_stays(platform, before)


def nothing_stays(platform: Platform, before: dict[str, int]) -> None:
    """See to it, as soon as the last message about what there was is heard."""

    def more() -> dict[str, int]:
        now = rows(platform)
        return {name: now[name] for name in now if now[name] > before[name]}

    with suppress(AssertionError):
        eventually(lambda: not more(), "nothing to be left")
    assert not more()


def test_every_change_that_the_provider_makes_is_part_of_a_life(left: Left) -> None:
    written = {path.stem for path in (CLIENTS / PROVIDER).glob("*.graphql")}
    changes = {one for one in written if is_mutation(PROVIDER, one)}

    assert changes - left.swarm.took.keys() == OF_ONE_CLIENT


def test_what_the_account_has_one_of_is_set_read_and_unset(
    left: Left,
) -> None:
    async def go_on(swarm: Swarm) -> None:
        key, secret = left.platform.key
        user = await swarm.data(
            "SpaceliftProviderBuildClientFromAPIKeyParams", id=key, secret=secret
        )
        swarm.token = user["jwt"]
        for operation, name in (
            ("AccountUpdateSecurityEmail", "securityEmail"),
            ("AccountUpdateSecurityEmail__2", "email"),
        ):
            for address in ("security@example.com", ""):
                await swarm.data(operation, **{name: address})
                assert (await swarm.data("SecurityEmail") or "") == address
        await images(swarm)
        await webhook(swarm)

    asyncio.run(Swarm(left.platform.base, "").alone(go_on))


async def images(swarm: Swarm) -> None:
    for image in ("registry.example/runner:1", ""):
        said = {
            "privateWorkerPoolRunnerImage": image,
            "publicWorkerPoolRunnerImage": image,
        }
        await swarm.data("AccountUpdateDefaultRunnerImage", **said)
        found = await swarm.data("DefaultRunnerImage")
        assert found == {
            "defaultPublicWorkerPoolRunnerImage": image or None,
            "defaultPrivateWorkerPoolRunnerImage": image or None,
        }


async def webhook(swarm: Swarm) -> None:
    said: dict[str, Any] = {"enabled": False, "endpoint": "https://hooks.example/in"}
    said |= {"includeRuns": True, "secret": "hush", "retryOnFailure": True}
    said["customHeaders"] = {"entries": [{"key": "x-a", "value": "b"}]}
    for changed in (said, said | {"includeRuns": False}):
        made = await swarm.data("AuditTrailWebhookCreate", input=changed)
        assert await swarm.data("AuditTrailWebhookRead") == made
        assert made["includeRuns"] is changed["includeRuns"]
        assert "hush" not in str(made)
    await swarm.data("AuditTrailWebhookDelete")
    assert await swarm.data("AuditTrailWebhookRead") is None


def test_nothing_got_stuck_or_broke(left: Left) -> None:
    """Neither now nor in what the tests above did."""
    assert "deadlock detected" not in left.platform.log_of("postgres")
    answered = [
        line["status"]
        for line in left.platform.said_by("server")
        if line["event"] == "http.answered"
    ]
    assert max(answered) < 500
