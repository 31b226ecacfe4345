"""Webhooks of stacks, with a real endpoint: what they are told of runs, and how."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from sqlalchemy import text
from tests.support.clouds import a_hook
from tests.support.hosting import running
from tests.support.registry import Receiver, Registry
from tests.support.stacks import ADA, a_spec

from stackyard.adapters.outbound import GuardedHttp
from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.deliveries import Outgoing
from stackyard.kernel.ids import ROOT, RunId, StackId, WebhookId
from stackyard.reactions.webhooks import catch_up, forget_old
from stackyard.webhooks import HookSettings, StackWebhook

KEY: Final = "5ecre7"
NET: Final = StackId("net")
WAITING: Final = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock'"
)


@pytest.fixture
async def registry(database: Database) -> Registry:
    registry = Registry(database)
    await registry.prepare()
    async with registry.unit() as unit:
        await unit.stacks.create(a_spec(space_id=ROOT), by=ADA)
    return registry


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def hook(receiver: Receiver) -> AsyncIterator[str]:
    async with running(receiver.app) as port:
        yield f"http://127.0.0.1:{port}/hook"


async def listen(registry: Registry, hook: str, **given: Any) -> WebhookId:
    async with registry.unit() as unit:
        settings = a_hook(hook, **given)
        return (await unit.stack_webhooks.create(NET, settings, by=ADA)).id


async def run(registry: Registry) -> RunId:
    """Have a run queued and discarded, and the webhooks told."""
    async with registry.unit() as unit:
        queued = await unit.triggers.trigger(NET, by=ADA)
    registry.clock.advance(1)
    async with registry.unit() as unit:
        await unit.runs.discard(NET, queued.id, by=ADA)
    await registry.work()
    return queued.id


async def found(registry: Registry, webhook: WebhookId) -> StackWebhook:
    async with registry.unit() as unit:
        [one] = (await unit.stack_webhooks.of([NET], by=SYSTEM))[NET]
    assert one.id == webhook
    return one


async def deliveries(registry: Registry) -> list[tuple[Any, ...]]:
    return await registry.sql(
        "SELECT state, attempts, status FROM webhook_deliveries ORDER BY created_at"
    )


async def test_every_change_of_a_run_s_state_is_told_signed_and_once(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    await run(registry)
    assert receiver.heard == []
    await listen(registry, hook, secret=KEY)

    run_id = await run(registry)
    await registry.work()
    await catch_up(registry.tools)
    await registry.work()

    told = [(one.said["state"], one.said["stateVersion"]) for one in receiver.heard]
    assert told == [("QUEUED", 1), ("DISCARDED", 2)]
    for one in receiver.heard:
        assert one.is_signed_with(KEY)
        assert one.headers["content-type"] == "application/json"
        assert one.said["account"] == "acme"
        assert one.said["run"]["id"] == run_id
        assert one.said["stack"]["id"] == "net"
    assert await deliveries(registry) == [("delivered", 1, 200)] * 2


async def test_without_a_secret_nothing_is_signed(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    await listen(registry, hook)
    await run(registry)
    assert not any("x-signature" in name for name in receiver.heard[0].headers)


async def test_one_that_is_switched_off_hears_nothing_not_even_what_waits(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    receiver.status = 503
    webhook = await listen(registry, hook, retry_on_failure=True)
    await run(registry)
    assert len(receiver.heard) == 1
    assert await deliveries(registry) == [("waiting", 1, 503), ("waiting", 0, None)]

    off = HookSettings(enabled=False, endpoint=hook)
    async with registry.unit() as unit:
        await unit.stack_webhooks.update(NET, webhook, off, by=ADA)
    registry.clock.advance(600)
    await run(registry)
    await catch_up(registry.tools)
    await registry.work()
    assert len(receiver.heard) == 1
    assert [state for state, *_ in await deliveries(registry)] == ["dropped"] * 2


async def test_an_endpoint_that_fails_pauses_and_is_tried_again(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    receiver.status = 503
    await listen(registry, hook, retry_on_failure=True)
    await run(registry)
    await catch_up(registry.tools)
    await registry.work()
    assert len(receiver.heard) == 1

    receiver.status = 200
    registry.clock.advance(600)
    await catch_up(registry.tools)
    await registry.work()
    told = [one.said["state"] for one in receiver.heard]
    assert told == ["QUEUED", "QUEUED", "DISCARDED"]
    assert await deliveries(registry) == [("delivered", 2, 200), ("delivered", 1, 200)]


async def test_one_that_keeps_failing_is_switched_off_and_the_trail_says_so(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    receiver.status = 404
    webhook = await listen(registry, hook)
    for _ in range(5):
        await run(registry)
        for _ in range(2):
            registry.clock.advance(600)
            await catch_up(registry.tools)
            await registry.work()
    assert len(receiver.heard) == 10
    assert not (await found(registry, webhook)).enabled
    assert "webhook.disable" in await registry.actions()


async def test_an_address_that_must_not_be_called_is_not(
    database: Database, receiver: Receiver, hook: str
) -> None:
    registry = Registry(database, outbound=GuardedHttp.guard())
    await registry.prepare()
    async with registry.unit() as unit:
        await unit.stacks.create(a_spec(space_id=ROOT), by=ADA)
    await listen(registry, hook)
    await run(registry)
    assert receiver.heard == []
    assert (await deliveries(registry))[0] == ("failed", 1, None)


async def test_the_log_of_deliveries_is_kept_for_a_day(
    registry: Registry, hook: str
) -> None:
    webhook = await listen(registry, hook)
    await run(registry)
    await forget_old(registry.tools)
    assert len(await deliveries(registry)) == 2

    registry.clock.advance(24 * 3600 + 1)
    await forget_old(registry.tools)
    assert await deliveries(registry) == []
    assert (await found(registry, webhook)).enabled


async def test_what_somebody_says_of_a_webhook_outlasts_what_a_delivery_found(
    registry: Registry, hook: str
) -> None:
    """It waits for the delivery, and does not miss what that has changed."""
    webhook = await listen(registry, hook)

    async def switch_on() -> None:
        async with registry.unit() as unit:
            settings = HookSettings(enabled=True, endpoint=hook)
            await unit.stack_webhooks.update(NET, webhook, settings, by=ADA)

    async with registry.database.transaction() as session:
        gave_up = text("UPDATE stack_webhooks SET enabled = false, failures = 10")
        await session.execute(gave_up)
        said = asyncio.create_task(switch_on())
        while await registry.sql(WAITING) != [(1,)]:
            assert not said.done()
    await said
    changed = await found(registry, webhook)
    assert (changed.enabled, changed.failures) == (True, 0)


async def test_a_delivery_whose_webhook_is_in_use_is_left_for_later(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    await listen(registry, hook)
    async with registry.unit() as unit:
        await unit.triggers.trigger(NET, by=ADA)
    async with registry.database.transaction() as session:
        await session.execute(text("SELECT 1 FROM stack_webhooks FOR UPDATE"))
        async with registry.unit() as unit:
            assert await unit.hook_deliveries.claim(by=SYSTEM) is None
    async with registry.unit() as unit:
        assert await unit.hook_deliveries.claim(by=SYSTEM) is not None
    assert receiver.heard == []


def test_what_is_sent_does_not_show_where_to_nor_what() -> None:
    made = Outgoing.signed(
        "1", f"http://x/{KEY}", KEY, secret=b"s", headers={"X-Key": KEY}
    )
    assert KEY not in repr(made)
