"""What stacks and modules have alike: what is attached to them, what they are given."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from tests.support.lives.course import (
    HERE,
    Call,
    Course,
    Sender,
    Variables,
    carry,
    inside,
    living,
)
from tests.support.lives.kinds import course
from tests.support.lives.said import ROLE
from tests.support.lives.shelves import carry_settings

_READS: Final = {"Stack": "StackAWSRoleRead", "Module": "ModuleAWSRoleRead"}


async def attach_all(sender: Sender, project: str, name: str) -> None:
    """Carry whatever can be attached to a stack or a module, one after the other."""
    for attach in (_context, _policy, _aws, _azure):
        await attach(sender, project, name)


async def give_all(sender: Sender, holder: str, project: str) -> None:
    """Carry whatever a stack or a module can have of its own."""
    own = _own_of(sender, holder, project)
    for give in (_role, _account):
        await give(sender, project, own)
    await give_one_of_many(sender, holder, project)


async def give_one_of_many(
    sender: Sender, holder: str, project: str, name: str = "one"
) -> None:
    """Carry what it can have several of."""
    await carry_settings(sender, holder, project, name)
    await _webhook(sender, project, _own_of(sender, holder, project), name)


def _attachment(
    attach: Call, read: Call, detach: str, update: Call | None = None
) -> Course:
    return Course(attach, read, (detach, {"id": HERE}), update, at=("attachedStack",))


async def _context(sender: Sender, project: str, name: str) -> None:
    async with living(sender, course("context", name)) as made:
        attach = {"id": made["id"], "stack": project, "priority": 1}
        named = {"context": made["id"]}
        attached = _attachment(
            ("ContextAttachmentCreate", attach),
            ("ContextAttachmentRead", named | {"id": project}),
            "ContextAttachmentDelete",
        )
        async with living(sender, attached) as one:
            found = await sender.data(
                "ContextAttachmentFetch", **named, project=project
            )
            assert found["attachedStack"] == one, project


async def _policy(sender: Sender, project: str, name: str) -> None:
    async with living(sender, course("policy", name)) as made:
        attached = _attachment(
            ("PolicyAttachmentCreate", {"id": made["id"], "stack": project}),
            ("PolicyAttachmentFetch", {"policy": made["id"], "id": project}),
            "PolicyAttachmentDelete",
        )
        await carry(sender, attached)


async def _aws(sender: Sender, project: str, name: str) -> None:
    async with living(sender, course("aws_integration", name)) as made:
        cloud = {"id": made["id"]}
        uses = {"read": True, "write": False}
        attached = _attachment(
            ("AwsIntegrationAttach", cloud | {"projectId": project} | uses),
            ("AWSIntegrationAttachmentRead", _between(made, project)),
            "AwsIntegrationAttachmentDelete",
            ("AwsIntegrationAttachmentUpdate", _OTHER_USES),
        )
        async with living(sender, attached):
            said = await sender.data(
                "AWSIntegrationAttachmentExternalIDRead",
                **cloud,
                **uses,
                stackId=project,
            )
            assert project in said["externalIdForStack"]["externalId"], project


async def _azure(sender: Sender, project: str, name: str) -> None:
    async with living(sender, course("azure_integration", name)) as made:
        attach = {"id": made["id"], "projectId": project, "subscriptionId": "one"}
        attached = _attachment(
            (
                "AzureIntegrationAttachmentCreate",
                attach | {"read": True, "write": False},
            ),
            ("AzureIntegrationAttachmentRead", _between(made, project)),
            "AzureIntegrationAttachmentDelete",
            (
                "AzureIntegrationAttachmentUpdate",
                _OTHER_USES | {"subscriptionId": "two"},
            ),
        )
        await carry(sender, attached)


_OTHER_USES: Final[Variables] = {"id": HERE, "read": False, "write": True}


def _between(integration: Variables, project: str) -> Variables:
    return {"integrationId": integration["id"], "projectId": project}


# What is a project's own is read with it: nothing is left of it, but no null either.
Own = Callable[..., Awaitable[Any]]


def _own_of(sender: Sender, holder: str, project: str) -> Own:
    async def own(*names: str) -> Any:
        found = await sender.data(_READS[holder], id=project)
        return inside(found, "integrations", *names)

    return own


async def _role(sender: Sender, project: str, own: Own) -> None:
    said: Variables = {"roleArn": ROLE, "generateCredentialsInWorker": False}
    said |= {"externalID": None, "region": None}
    for seconds in (900, 1800):
        await sender.data("AWSRoleSet", id=project, **said, durationSeconds=seconds)
        found = await own("aws")
        assert found["assumedRoleArn"] == ROLE, project
        assert found["durationSeconds"] == seconds, project
    await sender.data("AWSRoleDelete", id=project)
    assert await own("aws", "assumedRoleArn") is None, project


async def _account(sender: Sender, project: str, own: Own) -> None:
    for scopes in (["one", "two"], ["two"]):
        await sender.data("GCPServiceAccountCreate", id=project, tokenScopes=scopes)
        assert await own("gcp", "tokenScopes") == scopes, project
    await sender.data("GCPServiceAccountDelete", id=project)
    assert await own("gcp", "serviceAccountEmail") is None, project


async def _webhook(sender: Sender, project: str, own: Own, name: str) -> None:
    first: Variables = {"endpoint": f"https://hooks.example/{name}", "secret": "hush"}
    first |= {"enabled": True, "retryOnFailure": False}
    then = first | {"enabled": False, "secret": ""}
    made = await sender.data("WebhookCreate", stack=project, input=first)
    read = {"id": made["id"], "secret": ""}

    async def shown() -> list[Any]:
        return [one for one in await own("webhooks") if one["id"] == made["id"]]

    assert await shown() == [first | read], project
    here = {"stack": project, "webhook": made["id"]}
    await sender.data("WebhookUpdate", **here, input=then)
    assert await shown() == [then | read], project
    await sender.data("WebhookDelete", **here)
    assert await shown() == [], project
