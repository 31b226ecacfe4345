"""What the provider sends about webhooks: whole lives of them.

`tests/operations` holds the client's texts. They are never edited.
"""

from typing import Any, Final

import pytest
from sqlalchemy import text
from tests.support.clouds import a_module
from tests.support.edge import Edge
from tests.support.provider import Provider
from tests.support.stacks import a_spec

from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import LEGACY

CANARY: Final = "canary-5ecre7"
ENDPOINT: Final = "https://bacon.example/hook"


@pytest.fixture
async def edge(database: Database) -> Edge:
    edge = Edge(database)
    await edge.prepare()
    async with edge.unit() as unit:
        await unit.stacks.create(a_spec(name="Net", space_id=LEGACY), by=SYSTEM)
        await a_module(unit, "net")
    return edge


@pytest.fixture
async def provider(edge: Edge) -> Provider:
    return await Provider(edge).sign_in()


def a_hook(**given: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {"enabled": True, "endpoint": ENDPOINT, "secret": CANARY}
    return usual | {"retryOnFailure": False} | given


def a_named_hook(**given: Any) -> dict[str, Any]:
    return a_hook(name="Far & wide", space="root", labels=None) | given


async def hooks(provider: Provider) -> list[dict[str, Any]]:
    stack = await provider.data("StackAWSRoleRead", id="net")
    return list(stack["integrations"]["webhooks"])


async def rows(edge: Edge, query: str) -> list[Any]:
    async with edge.unit() as unit:
        return list(await unit.session.scalars(text(query)))


async def test_the_life_of_a_stack_s_webhook(provider: Provider) -> None:
    assert await hooks(provider) == []
    made = await provider.data("WebhookCreate", stack="net", input=a_hook())
    assert made == {"id": made["id"], "enabled": True}
    [read] = await hooks(provider)
    assert read == a_hook(id=made["id"], secret="")

    changed = a_hook(
        enabled=False, endpoint=f"{ENDPOINT}/2", secret="", retryOnFailure=True
    )
    here = {"stack": "net", "webhook": made["id"]}
    updated = await provider.data("WebhookUpdate", **here, input=changed)
    assert updated == {"id": made["id"], "enabled": False}
    assert await hooks(provider) == [changed | {"id": made["id"]}]

    assert await provider.data("WebhookDelete", **here) == {"id": made["id"]}
    assert await provider.data("WebhookDelete", **here) is None
    assert await hooks(provider) == []


async def test_webhooks_are_listed_as_they_were_made(provider: Provider) -> None:
    endpoints = [f"{ENDPOINT}/{number}" for number in range(3)]
    for endpoint in endpoints:
        said = a_hook(endpoint=endpoint)
        await provider.data("WebhookCreate", stack="net", input=said)
    assert [one["endpoint"] for one in await hooks(provider)] == endpoints


async def test_an_empty_secret_keeps_the_one_there_is_and_none_is_shown(
    provider: Provider,
) -> None:
    query = "SELECT secret FROM stack_webhooks"
    made = await provider.data("WebhookCreate", stack="net", input=a_hook())
    here = {"stack": "net", "webhook": made["id"]}
    [sealed] = await rows(provider.edge, query)
    assert CANARY.encode() not in sealed

    await provider.data("WebhookUpdate", **here, input=a_hook(secret=""))
    assert await rows(provider.edge, query) == [sealed]
    await provider.data("WebhookUpdate", **here, input=a_hook(secret=CANARY[::-1]))
    assert await rows(provider.edge, query) != [sealed]

    kept = await rows(provider.edge, "SELECT data FROM audit_entries")
    assert CANARY not in str(kept)
    assert CANARY not in str(await hooks(provider))


async def test_an_endpoint_is_told_once(provider: Provider) -> None:
    await provider.data("WebhookCreate", stack="net", input=a_hook())
    said = await provider.error("WebhookCreate", stack="net", input=a_hook())
    assert "has a webhook with that endpoint already" in said


async def test_what_is_no_address_is_no_endpoint(provider: Provider) -> None:
    wrong = a_hook(endpoint="https:/invalidendpoint.example/")
    said = await provider.error("WebhookCreate", stack="net", input=wrong)
    assert "endpoint must be a valid URL" in said


async def test_a_module_has_webhooks_like_a_stack(provider: Provider) -> None:
    module = {"stack": "terraform-default-net"}
    made = await provider.data("WebhookCreate", **module, input=a_hook())
    here = module | {"webhook": made["id"]}
    read = await provider.data("ModuleAWSRoleRead", id="terraform-default-net")
    assert read["integrations"]["webhooks"] == [a_hook(id=made["id"], secret="")]
    updated = await provider.data("WebhookUpdate", **here, input=a_hook(enabled=False))
    assert updated == {"id": made["id"], "enabled": False}
    # it is none of another's
    elsewhere = here | {"stack": "net"}
    assert "no such webhook" in await provider.error(
        "WebhookUpdate", **elsewhere, input=a_hook()
    )
    assert await provider.data("WebhookDelete", **elsewhere) is None
    assert await provider.data("WebhookDelete", **here) == {"id": made["id"]}


async def test_the_life_of_a_webhook_with_a_name(provider: Provider) -> None:
    made = await provider.data("NamedWebhookCreate", input=a_named_hook())
    assert made == {"id": "far-wide", "enabled": True}
    read = await provider.data("GetNamedWebhook", id="far-wide")
    assert read["space"]["id"] == "root"
    assert (read["secret"], read["secretHeaders"], read["labels"]) == (None, [], [])

    changed = a_named_hook(
        name="Other",
        space="legacy",
        labels=["b", "a"],
        enabled=False,
        endpoint=f"{ENDPOINT}/2",
        retryOnFailure=True,
        secret="",
    )
    updated = await provider.data("NamedWebhookUpdate", id="far-wide", input=changed)
    space = updated.pop("space")
    assert space["id"] == "legacy"
    del changed["space"]
    assert updated == changed | {"id": "far-wide", "secret": None, "secretHeaders": []}
    unset = a_named_hook(name="Other", retryOnFailure=None, secret=None)
    updated = await provider.data("NamedWebhookUpdate", id="far-wide", input=unset)
    assert (updated["labels"], updated["retryOnFailure"]) == ([], False)

    again = await provider.error("NamedWebhookCreate", input=a_named_hook())
    assert "choose another name" in again
    gone = {"webhook": "far-wide"}
    assert await provider.data("NamedWebhookDelete", **gone) == {"id": "far-wide"}
    assert await provider.data("GetNamedWebhook", id="far-wide") is None
    assert await provider.data("NamedWebhookDelete", **gone) is None


async def test_an_empty_secret_keeps_that_of_a_webhook_with_a_name(
    provider: Provider,
) -> None:
    query = "SELECT secret FROM named_webhooks"
    await provider.data("NamedWebhookCreate", input=a_named_hook())
    [sealed] = await rows(provider.edge, query)
    here = {"id": "far-wide"}
    await provider.data("NamedWebhookUpdate", **here, input=a_named_hook(secret=""))
    assert await rows(provider.edge, query) == [sealed]
    await provider.data(
        "NamedWebhookUpdate", **here, input=a_named_hook(secret=CANARY[::-1])
    )
    assert await rows(provider.edge, query) != [sealed]


async def test_secret_headers_are_merged_and_told_by_name_alone(
    provider: Provider,
) -> None:
    await provider.data("NamedWebhookCreate", input=a_named_hook())

    async def set_headers(**values: str) -> None:
        entries = [{"key": key, "value": value} for key, value in values.items()]
        await provider.data(
            "NamedWebhookSecretHeaderSet", id="far-wide", input={"entries": entries}
        )

    async def names() -> list[str]:
        read = await provider.data("GetNamedWebhook", id="far-wide")
        assert CANARY not in str(read)
        return list(read["secretHeaders"])

    await set_headers(thefirst=CANARY)
    await set_headers(another=CANARY)
    # the provider sends a write-only value as an empty one
    await set_headers(another="")
    assert await names() == ["another", "thefirst"]
    await set_headers(Another=CANARY)
    assert await names() == ["Another", "thefirst"]
    query = "SELECT value FROM named_webhook_headers"
    assert CANARY.encode() not in b"".join(await rows(provider.edge, query))
    kept = await rows(provider.edge, "SELECT data FROM audit_entries")
    assert CANARY not in str(kept)

    await provider.data(
        "NamedWebhookSecretHeaderDelete", id="far-wide", headerKeys=["Another", "x"]
    )
    assert await names() == ["thefirst"]
    await provider.data("NamedWebhookDelete", webhook="far-wide")
    assert await rows(provider.edge, query) == []


async def test_what_cannot_be_sent_as_a_header_is_refused(provider: Provider) -> None:
    await provider.data("NamedWebhookCreate", input=a_named_hook())
    for key, value in (("host", "x"), ("a b", "x"), ("fine", "a\nb")):
        said = await provider.error(
            "NamedWebhookSecretHeaderSet",
            id="far-wide",
            input={"entries": [{"key": key, "value": value}]},
        )
        assert "cannot be sent" in said
    twice = [{"key": key, "value": "x"} for key in ("X-One", "x-one")]
    said = await provider.error(
        "NamedWebhookSecretHeaderSet", id="far-wide", input={"entries": twice}
    )
    assert "a header is named twice" in said


async def test_a_space_with_a_webhook_in_it_is_not_deleted(provider: Provider) -> None:
    space: dict[str, Any] = {"name": "hooked", "parentSpace": "root", "description": ""}
    space |= {"inheritEntities": False, "labels": []}
    made = await provider.data("CreateSpace", input=space)
    said = a_named_hook(space=made["id"])
    await provider.data("NamedWebhookCreate", input=said)

    assert "1 webhook" in await provider.error("DeleteSpace", id=made["id"])
    await provider.data("NamedWebhookDelete", webhook="far-wide")
    assert await provider.data("DeleteSpace", id=made["id"]) is not None
