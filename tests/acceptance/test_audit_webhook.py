"""The trail's webhook, with a real endpoint: what it is told, how, and how often."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from tests.support.hosting import running
from tests.support.ports import free_port
from tests.support.provider import OPERATIONS
from tests.support.registry import LOCAL, Receiver, Registry
from tests.support.stacks import ADA, a_spec

from stackyard.adapters.outbound import GuardedHttp
from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM, Subject, SubjectKind
from stackyard.kernel.ids import ROOT, StackId

EVE: Final = Subject(SubjectKind.USER, "eve", "eve")
KEY: Final = "5ecre7"
SET: Final = (OPERATIONS / "AuditTrailWebhookCreate.graphql").read_text()
DELETE: Final = (OPERATIONS / "AuditTrailWebhookDelete.graphql").read_text()
READ: Final = (OPERATIONS / "AuditTrailWebhookRead.graphql").read_text()
LOCK: Final = 'mutation { stackLock(id: "net", note: "mine") { id } }'
UNLOCK: Final = 'mutation { stackUnlock(id: "net") { id } }'


@pytest.fixture
async def registry(database: Database) -> Registry:
    """Have a stack, and a trail that is sealed."""
    registry = Registry(database)
    await registry.prepare()
    async with registry.unit() as unit:
        await unit.stacks.create(a_spec(space_id=ROOT), by=ADA)
    await registry.work()
    return registry


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def hook(receiver: Receiver) -> AsyncIterator[str]:
    async with running(receiver.app) as port:
        yield f"http://127.0.0.1:{port}/hook"


def wanted(endpoint: str, **given: Any) -> dict[str, Any]:
    usual = {
        "enabled": True,
        "endpoint": endpoint,
        "includeRuns": False,
        "secret": KEY,
    }
    return usual | given


async def deliveries(registry: Registry) -> list[tuple[Any, ...]]:
    return await registry.sql(
        "SELECT state, attempts, status FROM audit_deliveries ORDER BY id"
    )


async def test_an_endpoint_that_answers_is_set_and_shown_without_its_secrets(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    assert await registry.ask(READ) == {"auditTrailWebhook": None}
    headers = {"entries": [{"key": "X-Key", "value": "k"}]}

    data = await registry.ask(SET, input=wanted(hook, customHeaders=headers))

    shown = {
        "enabled": True,
        "endpoint": hook,
        "includeRuns": False,
        "secret": "",
        "retryOnFailure": False,
    }
    assert data == {"auditTrailSetWebhook": shown}
    assert await registry.ask(READ) == {"auditTrailWebhook": shown}
    [test] = receiver.heard
    assert test.is_signed_with(KEY)
    assert test.headers["x-key"] == "k"
    assert test.said["action"] == "audit_trail_webhook.test"
    [(text,)] = await registry.sql("SELECT w::text FROM audit_webhooks w")
    assert KEY.encode().hex() not in text


async def test_what_is_done_is_told_signed_and_in_its_order(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    headers = {"entries": [{"key": "X-Key", "value": "k"}]}
    await registry.ask(SET, input=wanted(hook, customHeaders=headers))
    await registry.ask(LOCK)
    await registry.ask(UNLOCK)
    await registry.work()

    assert receiver.actions == [
        "audit_trail_webhook.test",
        "audit_trail_webhook.set",
        "stack.lock",
        "stack.unlock",
    ]
    lock = receiver.heard[2]
    assert lock.is_signed_with(KEY)
    assert lock.headers["content-type"] == "application/json"
    assert lock.headers["x-key"] == "k"
    assert lock.said == {
        "account": "acme",
        "action": "stack.lock",
        "actor": "user::ada",
        "context": {"mutation": "stackLock"},
        "data": {
            "ID": "net",
            "Name": "Net",
            "args": {"ID": "net", "Note": "mine"},
        },
        "remoteIP": "",
        "timestamp": int(registry.clock.now.timestamp() * 1000),
    }
    await registry.work()
    await registry.tick()
    assert len(receiver.heard) == 4
    assert await deliveries(registry) == [("delivered", 1, 200)] * 3


@pytest.mark.parametrize(
    "endpoint",
    [
        "https:/invalidendpoint.com/",
        "hooks.example",
        "ftp://hooks.example/",
        "https://ada:secret@hooks.example/",
        "https://hooks.example/\nx",
        "https://[::1/",
        "",
    ],
)
async def test_an_endpoint_that_is_no_url_is_refused(
    registry: Registry, endpoint: str
) -> None:
    for enabled in (True, False):
        refusal = await registry.refusal(SET, input=wanted(endpoint, enabled=enabled))
        assert "endpoint must be a valid URL" in refusal
    assert await registry.ask(READ) == {"auditTrailWebhook": None}


@pytest.mark.parametrize(
    ("key", "value"), [("X-A", "a\r\nX-B: b"), ("Host", "a"), ("X A", "a"), ("", "a")]
)
async def test_a_header_that_cannot_be_sent_is_refused(
    registry: Registry, hook: str, key: str, value: str
) -> None:
    headers = {"entries": [{"key": key, "value": value}]}

    refusal = await registry.refusal(SET, input=wanted(hook, customHeaders=headers))

    assert "cannot be sent" in refusal


@pytest.mark.parametrize("status", [302, 401, 500])
async def test_an_endpoint_that_does_not_accept_a_test_changes_nothing(
    registry: Registry, receiver: Receiver, hook: str, status: int
) -> None:
    await registry.ask(SET, input=wanted(hook, includeRuns=True))
    receiver.status = status

    assert str(status) in await registry.refusal(SET, input=wanted(hook))

    data = await registry.ask(READ)
    assert data["auditTrailWebhook"]["includeRuns"] is True


async def test_a_disabled_endpoint_is_not_asked(registry: Registry) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}/hook"

    await registry.ask(SET, input=wanted(endpoint, enabled=False))
    await registry.ask(LOCK)
    await registry.work()

    assert (await registry.ask(READ))["auditTrailWebhook"]["enabled"] is False
    assert await deliveries(registry) == []


async def test_an_address_that_must_not_be_called_is_not(
    database: Database, receiver: Receiver, hook: str
) -> None:
    registry = Registry(database, outbound=GuardedHttp.guard())
    await registry.prepare()

    refusal = await registry.refusal(SET, input=wanted(hook))

    assert "must not call" in refusal
    assert receiver.heard == []


async def test_an_endpoint_that_never_answers_is_not_waited_for(
    receiver: Receiver, hook: str
) -> None:
    receiver.silent = True

    posted = await LOCAL.post(hook, b"{}", {}, seconds=0.2)

    assert not posted.accepted
    assert "did not answer within 0.2 s" in posted.problem


@pytest.mark.parametrize(
    "host", ["127.0.0.1:1", f"{'a' * 70}.example", "a..example", "[::ffff:0:0]:1"]
)
async def test_an_endpoint_that_cannot_be_reached_is_no_mistake_of_ours(
    host: str,
) -> None:
    posted = await LOCAL.post(f"http://{host}/", b"{}", {}, seconds=5)

    assert (posted.accepted, posted.status) == (False, None)
    assert posted.problem


async def test_a_host_that_listens_on_one_of_its_addresses_is_found_there(
    receiver: Receiver, hook: str
) -> None:
    async def two(_host: str, _port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    there = hook.replace("127.0.0.1", "hooks.example")
    posted = await replace(LOCAL, find=two).post(there, b"{}", {}, seconds=5)
    assert posted.accepted
    assert receiver.heard[0].headers["host"] == there.split("/")[2]

    strict = GuardedHttp.guard(allowed_networks=["127.0.0.1/32"])
    posted = await replace(strict, find=two).post(there, b"{}", {}, seconds=5)
    assert "must not call" in posted.problem, "each of them has to be one that may"


async def test_no_redirect_is_followed(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    await registry.ask(SET, input=wanted(hook))
    receiver.location = f"{hook}?again"
    await registry.ask(LOCK)
    await registry.work()

    assert len(receiver.heard) == 2  # the test, and the first thing that was due
    assert ("failed", 1, 307) in await deliveries(registry)


async def test_an_empty_secret_keeps_the_one_there_is(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    await registry.ask(SET, input=wanted(hook))
    await registry.ask(SET, input=wanted(hook, secret=""))
    await registry.work()
    assert all(one.is_signed_with(KEY) for one in receiver.heard)

    await registry.ask(SET, input=wanted(hook) | {"secret": "another"})
    await registry.work()
    assert receiver.heard[-1].is_signed_with("another")


async def test_without_a_secret_nothing_is_signed(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    await registry.ask(SET, input=wanted(hook, secret=""))
    await registry.work()

    assert [one for one in receiver.heard if "x-signature" in one.headers] == []


async def test_that_it_is_switched_off_is_the_last_thing_it_hears(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    await registry.ask(SET, input=wanted(hook))
    await registry.work()
    await registry.ask(SET, input=wanted(hook, enabled=False))
    await registry.ask(LOCK)
    await registry.work()

    assert receiver.actions[-1] == "audit_trail_webhook.disable"
    assert len(receiver.heard) == 3


async def test_what_was_on_its_way_when_it_was_switched_off_is_not_sent(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    await registry.ask(SET, input=wanted(hook, retryOnFailure=True))
    await registry.work()
    receiver.status = 503
    await registry.ask(LOCK)
    await registry.work()
    await registry.ask(SET, input=wanted(hook, enabled=False))
    receiver.status = 200
    registry.clock.advance(600)
    await registry.tick()
    await registry.work()

    assert receiver.actions[-2:] == ["stack.lock", "audit_trail_webhook.disable"]
    assert [state for state, *_ in await deliveries(registry)] == [
        "delivered",
        "dropped",
        "delivered",
    ]


async def test_that_it_is_deleted_it_hears_and_then_nothing(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    await registry.ask(SET, input=wanted(hook))
    await registry.work()
    data = await registry.ask(DELETE)
    assert data["auditTrailDeleteWebhook"]["endpoint"] == hook
    assert await registry.ask(DELETE) == {"auditTrailDeleteWebhook": None}
    await registry.ask(LOCK)
    await registry.work()

    assert receiver.actions[-1] == "audit_trail_webhook.delete"
    assert receiver.heard[-1].is_signed_with(KEY)
    assert await registry.ask(READ) == {"auditTrailWebhook": None}

    registry.clock.advance(timedelta(days=2).total_seconds())
    await registry.forget()
    assert await registry.sql("SELECT id FROM audit_webhooks") == []


async def test_an_outage_of_the_endpoint_loses_nothing(
    registry: Registry, receiver: Receiver
) -> None:
    port = free_port()
    async with running(receiver.app, port=port):
        hook = f"http://127.0.0.1:{port}/hook"
        await registry.ask(SET, input=wanted(hook, retryOnFailure=True))
        await registry.work()
    heard = len(receiver.heard)
    await registry.ask(LOCK)
    await registry.ask(UNLOCK)
    await registry.work()
    assert {state for state, *_ in await deliveries(registry)} == {
        "delivered",
        "waiting",
    }
    for _ in range(10):  # for an hour, it is asked now and then, by one thing only
        registry.clock.advance(360)
        for _ in range(3):
            await registry.tick()
            await registry.work()
    waiting = await registry.sql(
        "SELECT attempts FROM audit_deliveries WHERE state = 'waiting' ORDER BY id"
    )
    assert sum(attempts for (attempts,) in waiting) == 11

    async with running(receiver.app, port=port):
        for _ in range(3):
            registry.clock.advance(360)
            await registry.tick()
            await registry.work()

    told = receiver.actions[heard:]
    assert sorted(told) == ["stack.lock", "stack.unlock"]
    assert {state for state, *_ in await deliveries(registry)} == {"delivered"}


async def test_without_retries_what_fails_is_lost_and_said(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    await registry.ask(SET, input=wanted(hook))
    await registry.work()
    receiver.status = 503
    await registry.ask(LOCK)
    await registry.work()
    receiver.status = 200
    registry.clock.advance(600)
    await registry.tick()
    await registry.work()

    assert await deliveries(registry) == [("delivered", 1, 200), ("failed", 1, 503)]
    assert receiver.actions.count("stack.lock") == 1


async def test_an_endpoint_that_is_away_for_too_long_is_given_up(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    await registry.ask(SET, input=wanted(hook, retryOnFailure=True))
    await registry.work()
    receiver.status = 503
    await registry.ask(LOCK)
    await registry.work()
    registry.clock.advance(timedelta(hours=25).total_seconds())
    await registry.tick()
    await registry.work()

    assert await deliveries(registry) == [("delivered", 1, 200), ("failed", 2, 503)]


async def test_what_a_drain_had_in_hand_that_died_is_sent_by_another(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    await registry.ask(SET, input=wanted(hook))
    async with registry.unit() as unit:
        await unit.audit_sealing.seal(by=SYSTEM)
    async with registry.unit() as unit:
        assert await unit.audit_webhooks.claim(by=SYSTEM) is not None
    await registry.work()
    assert receiver.actions == ["audit_trail_webhook.test"]

    registry.clock.advance(90)
    await registry.tick()
    await registry.work()
    assert receiver.actions[1:] == ["audit_trail_webhook.set"]


async def test_two_drains_at_once_send_everything_once(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    await registry.ask(SET, input=wanted(hook))
    for _ in range(4):
        await registry.ask(LOCK)
        await registry.ask(UNLOCK)
    await asyncio.gather(*(registry.work() for _ in range(3)))
    await registry.tick()
    await registry.work()

    assert len(receiver.heard) == 1 + 9
    assert (await registry.verify()).finding is None


async def test_runs_are_told_of_if_that_was_asked_for(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    async def run() -> str:
        async with registry.unit() as unit:
            run = await unit.triggers.trigger(StackId("net"), by=ADA)
        async with registry.unit() as unit:
            await unit.runs.discard(StackId("net"), run.id, by=ADA)
        await registry.work()
        return run.id

    await registry.ask(SET, input=wanted(hook))
    await run()
    assert "run.state_change" not in receiver.actions

    await registry.ask(SET, input=wanted(hook, includeRuns=True))
    run_id = await run()
    told = [
        one.said for one in receiver.heard if one.said["action"] == "run.state_change"
    ]
    assert [one["data"]["State"] for one in told] == ["QUEUED", "DISCARDED"]
    assert {one["actor"] for one in told} == {f"run::net/{run_id}"}
    assert receiver.actions.count("run.trigger") == 2


async def test_the_log_of_deliveries_is_kept_for_a_day(
    registry: Registry, hook: str
) -> None:
    await registry.ask(SET, input=wanted(hook))
    await registry.work()
    await registry.forget()
    assert len(await deliveries(registry)) == 1

    registry.clock.advance(timedelta(days=1, seconds=1).total_seconds())
    await registry.forget()
    assert await deliveries(registry) == []
    assert (await registry.ask(READ))["auditTrailWebhook"]["enabled"] is True


async def test_only_administrators_of_the_account_have_to_do_with_it(
    registry: Registry, receiver: Receiver, hook: str
) -> None:
    assert "unauthorized" in await registry.refusal(SET, by=EVE, input=wanted(hook))
    assert "unauthorized" in await registry.refusal(DELETE, by=EVE)
    assert "unauthorized" in await registry.refusal(READ, by=EVE)
    assert receiver.heard == []
