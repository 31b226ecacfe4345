"""Whole lives of everything the provider manages, as many of them at once as wanted.

A life is what `terraform apply`, `plan`, `apply` with a change, `import` and `destroy`
send about one resource: it is made, read until nothing differs, changed, read again by
its id alone, deleted, and read as null.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol, TypeAlias

from tests.support.certificates import request_pem, rsa_key
from tests.support.client import stack_input

Variables: TypeAlias = dict[str, Any]
OF_GITHUB: Final = {"provider": "GITHUB", "vcsIntegrationId": None, "namespace": "us"}
ROLE: Final = "arn:aws:iam::039653571618:role/empty-test-role"
NO_HOOKS: Final[Mapping[str, list[str]]] = {
    f"{when}{phase}": []
    for when in ("before", "after")
    for phase in ("Init", "Plan", "Apply", "Perform", "Destroy")
} | {"afterRun": []}


class Sender(Protocol):
    async def data(self, operation: str, **variables: Any) -> Any:
        """Send one of the provider's operations; return the one thing asked for."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is sent about one type of resource.

    *first* and *then* take a name that nobody else has, and give what is sent to make
    and to change it; what is changed is said with its id under *named*.
    """

    noun: str
    operations: tuple[str, str, str, str]  # create, read, update, delete
    first: Callable[[str], Variables]
    then: Callable[[str], Variables]
    named: str = "id"
    deleted_by: str = "id"
    in_input: bool = False  # the id is part of what is sent to change it


def _input(**given: Any) -> Variables:
    return {"input": given}


def _context(name: str, *labels: str) -> Variables:
    return _input(name=name, description=None, labels=list(labels), hooks=NO_HOOKS)


def _policy(name: str, body: str, **given: Any) -> Variables:
    return _input(name=name, body=body, labels=[], engineType="REGO_V0", **given)


def _aws(name: str, seconds: int) -> Variables:
    return {
        "name": name,
        "roleArn": ROLE,
        "durationSeconds": seconds,
        "generateCredentialsInWorker": False,
        "externalID": "",
        "region": None,
        "labels": [],
        "space": "root",
        "autoattachEnabled": False,
        "tagAssumeRole": False,
    }


def _azure(name: str, **given: Any) -> Variables:
    usual = {"name": name, "labels": [], "space": "root", "autoattachEnabled": False}
    return usual | {"defaultSubscriptionId": None} | given


def _webhook(name: str, enabled: bool) -> Variables:  # noqa: FBT001 - said in a table
    return _input(
        enabled=enabled,
        endpoint="https://hooks.example/in",
        space="root",
        name=name,
        secret="hush",  # noqa: S106 - nobody's
        labels=[],
        retryOnFailure=False,
    )


def _pool(name: str, limit: int) -> Variables:
    return {
        "name": name,
        "description": name,
        "drift_detection_run_limit": limit,
        "labels": [],
        "space": "root",
    }


@cache
def _csr() -> str:
    """A request for a certificate; which does not matter, and it is slow to make."""
    return base64.b64encode(request_pem(rsa_key())).decode()


def _module(name: str, labels: list[str]) -> Variables:
    return {
        "administrative": False,
        "branch": "main",
        "description": name,
        "labels": labels,
        "localPreviewEnabled": False,
        "protectFromDeletion": False,
    }


def _of_repository(name: str) -> Variables:
    return {
        "provider": "GITHUB",
        "repository": f"terraform-aws-{name}",
        "workflowTool": "TERRAFORM_FOSS",
    }


KINDS: Final = (
    Kind(
        "space",
        ("CreateSpace", "SpaceRead", "SpaceUpdate", "DeleteSpace"),
        lambda name: _space(name, inherit=False),
        lambda name: _space(name, inherit=True),
        named="space",
    ),
    Kind(
        "context",
        ("ContextCreate", "ContextRead", "ContextUpdate", "ContextDelete"),
        _context,
        lambda name: _context(name, "a"),
    ),
    Kind(
        "policy",
        ("PolicyCreateV2", "PolicyRead", "PolicyUpdateV2", "PolicyDelete"),
        lambda name: _policy(name, "package spacelift", type="PLAN"),
        lambda name: _policy(name, "package spacelift\nread { true }"),
    ),
    Kind(
        "role",
        ("RoleCreate", "RoleRead", "RoleUpdate", "RoleDelete"),
        lambda name: _input(name=name, description="", actions=["SPACE_READ"]),
        lambda name: _input(name=name, description="d", Actions=["SPACE_READ"]),
    ),
    Kind(
        "aws_integration",
        (
            "AWSIntegrationCreate",
            "AWSIntegrationRead",
            "AWSIntegrationUpdate",
            "AWSIntegrationDelete",
        ),
        lambda name: _aws(name, 900),
        lambda name: _aws(name, 1800),
    ),
    Kind(
        "azure_integration",
        (
            "AzureIntegrationCreate",
            "AzureIntegrationRead",
            "AzureIntegrationUpdate",
            "AzureIntegrationDelete",
        ),
        lambda name: _azure(name, tenantID="tenant"),
        lambda name: _azure(name, labels=["a"]),
    ),
    Kind(
        "named_webhook",
        (
            "NamedWebhookCreate",
            "GetNamedWebhook",
            "NamedWebhookUpdate",
            "NamedWebhookDelete",
        ),
        lambda name: _webhook(name, enabled=True),
        lambda name: _webhook(name, enabled=False),
        deleted_by="webhook",
    ),
    Kind(
        "worker_pool",
        (
            "WorkerPoolCreate",
            "WorkerPoolRead",
            "WorkerPoolUpdate",
            "WorkerPoolDelete",
        ),
        lambda name: _pool(name, -1) | {"csr": _csr()},
        lambda name: _pool(name, 5),
    ),
    Kind(
        "repo",
        ("RepoCreate", "RepoRead", "RepoUpdate", "RepoDelete"),
        lambda name: _input(spaceID="root", name=name, labels=[], description=""),
        lambda name: _input(name=name, labels=["a"], description="d"),
    ),
    Kind(
        "module",
        ("ModuleCreate", "ModuleAWSRoleRead", "ModuleUpdate", "ModuleDelete"),
        lambda name: _input(
            updateInput=_module(name, []), name=name, **_of_repository(name)
        ),
        lambda name: _input(**_module(name, ["a"]), **_of_repository(name)),
    ),
    Kind(
        "terraform_provider",
        (
            "TerraformProviderCreate",
            "TerraformProviderRead",
            "TerraformProviderUpdate",
            "TerraformProviderDelete",
        ),
        lambda name: {"type": name.replace("-", ""), "space": "root", "labels": []},
        lambda _: {"space": "root", "description": "d", "labels": ["a"]},
    ),
    Kind(
        "vcs_agent_pool",
        (
            "VCSAgentPoolCreate",
            "VCSAgentPoolRead",
            "VCSAgentPoolUpdate",
            "VCSAgentPoolDelete",
        ),
        lambda name: {"name": name, "description": None},
        lambda name: {"name": name, "description": "d"},
    ),
    Kind(
        "blueprint",
        ("BlueprintCreate", "BlueprintRead", "BlueprintUpdate", "BlueprintDelete"),
        lambda name: _input(space="root", name=name, state="DRAFT", template="{}"),
        lambda name: _input(space="root", name=name, state="DRAFT", labels=["a"]),
    ),
    Kind(
        "template",
        ("TemplateCreate", "TemplateRead", "TemplateUpdate", "TemplateDelete"),
        lambda name: _input(space="root", name=name, description=None, labels=[]),
        lambda name: _input(space="root", name=name, description="d", labels=["a"]),
    ),
    Kind(
        "saved_filter",
        (
            "SavedFilterCreate",
            "SavedFilter",
            "SavedFilterUpdate",
            "SavedFilterDelete",
        ),
        lambda name: _input(name=name, data="{}", type="stacks", isPublic=True),
        lambda name: {"name": name, "data": "[]", "isPublic": True},
    ),
    Kind(
        "idp_group_mapping",
        (
            "ManagedUserGroupCreate",
            "ManagedUserGroupRead",
            "ManagedUserGroupUpdate",
            "ManagedUserGroupDelete",
        ),
        lambda name: _input(groupName=name, description="", accessRules=[]),
        lambda _: _input(description="d", accessRules=[]),
        in_input=True,
    ),
    Kind(
        "api_key",
        ("APIKeyCreate", "APIKeyRead", "APIKeyUpdate", "APIKeyDelete"),
        lambda name: _input(name=name, admin=False, teams=[]),
        lambda name: _input(name=name, description="d"),
    ),
)


def _space(name: str, *, inherit: bool) -> Variables:
    return _input(
        name=name,
        parentSpace="root",
        inheritEntities=inherit,
        description="",
        labels=[],
    )


# What only the answer to a creation may say.
_SAID_ONCE: Final = {"secret"}


async def live(sender: Sender, kind: Kind, name: str) -> None:
    """Carry one resource through its life; whatever is not as it should be fails."""
    create, read, update, delete = kind.operations
    made = await sender.data(create, **kind.first(name))
    here, where = made["id"], f"{kind.noun} {name}"
    assert same(await sender.data(read, id=here), made), where

    wanted = kind.then(name)
    if kind.in_input:
        wanted["input"]["id"] = here
    else:
        wanted[kind.named] = here
    changed = await sender.data(update, **wanted)
    assert not same(changed, made), where
    assert same(await sender.data(read, id=here), changed), where

    await sender.data(delete, **{kind.deleted_by: here})
    assert await sender.data(read, id=here) is None, where


def same(read: Variables | None, said: Variables) -> bool:
    """Say whether what was read is what was said, as far as both tell it."""
    if read is None:
        return False
    both = read.keys() & said.keys() - _SAID_ONCE
    return all(read[name] == said[name] for name in both)


@asynccontextmanager
async def a_stack(sender: Sender, name: str) -> AsyncIterator[str]:
    """Have a stack, on a pool without workers, until it is gone for good."""
    pool = await sender.data("WorkerPoolCreate", csr=_csr(), **_pool(name, -1))
    stack = await sender.data(
        "StackCreate",
        input=stack_input(name, "demo", pool["id"]) | OF_GITHUB,
        manageState=True,
        slug=None,
        stackObjectID=None,
    )
    try:
        yield stack["id"]
    finally:
        await sender.data("StackDelete", id=stack["id"])
        async with asyncio.timeout(60):
            while await sender.data("StackRead", id=stack["id"]):  # noqa: ASYNC110 - as clients do
                await asyncio.sleep(0.5)
        await sender.data("WorkerPoolDelete", id=pool["id"])


async def live_around_a_stack(sender: Sender, name: str) -> None:
    """Carry a stack through its life, with all that is attached to it meanwhile."""
    async with a_stack(sender, name) as stack:
        for part in PARTS:
            await part(sender, stack, name)


async def _variable(sender: Sender, stack: str, _: str) -> None:
    config = {"id": "REGION", "value": "eu", "type": "ENVIRONMENT_VARIABLE"}
    named = {"stack": stack, "id": "REGION"}
    for value in ("eu", "us"):
        await sender.data(
            "EnvironmentVariableCreateModule",
            stack=stack,
            config=config | {"value": value, "writeOnly": False, "description": ""},
        )
        found = await sender.data("EnvironmentVariableReadStack", **named)
        assert found["configElement"]["value"] == value, stack
    await sender.data("EnvironmentVariableDeleteStack", **named)
    found = await sender.data("EnvironmentVariableReadStack", **named)
    assert found["configElement"] is None, stack


async def _context_of(sender: Sender, stack: str, name: str) -> None:
    context = await sender.data("ContextCreate", **_context(name))
    made = await sender.data(
        "ContextAttachmentCreate", id=context["id"], stack=stack, priority=1
    )
    found = await sender.data("ContextAttachmentRead", context=context["id"], id=stack)
    assert found["attachedStack"] == made, stack
    await sender.data("ContextAttachmentDelete", id=made["id"])
    await sender.data("ContextDelete", id=context["id"])


async def _policy_of(sender: Sender, stack: str, name: str) -> None:
    body = _policy(name, "package spacelift", type="PLAN")
    policy = await sender.data("PolicyCreateV2", **body)
    made = await sender.data("PolicyAttachmentCreate", id=policy["id"], stack=stack)
    found = await sender.data("PolicyAttachmentFetch", policy=policy["id"], id=stack)
    assert found["attachedStack"]["id"] == made["id"], stack
    await sender.data("PolicyAttachmentDelete", id=made["id"])
    await sender.data("PolicyDelete", id=policy["id"])


async def _schedule(sender: Sender, stack: str, _: str) -> None:
    given = {"cronSchedule": ["0 3 * * *"], "timestampSchedule": None}
    made = await sender.data(
        "ScheduledDeleteCreate__2",
        stack=stack,
        input=given | {"command": "ls -lah", "timezone": "UTC"},
    )
    named = {"stack": stack, "id": made["id"]}
    found = await sender.data("StackScheduledTaskRead", **named)
    assert found["scheduledTask"]["command"] == "ls -lah", stack
    await sender.data("ScheduledTaskDelete", stack=stack, scheduledTask=made["id"])
    found = await sender.data("StackScheduledTaskRead", **named)
    assert found["scheduledTask"] is None, stack


async def _drift(sender: Sender, stack: str, _: str) -> None:
    given = {"schedule": ["0 4 * * *"], "reconcile": False, "ignoreState": False}
    given["timezone"] = "UTC"
    await sender.data("DriftDetectionCreate", stack=stack, input=given)
    found = await sender.data("StackAWSRoleRead", id=stack)
    assert found["integrations"]["driftDetection"]["schedule"] == given["schedule"]
    await sender.data("DriftDetectionDelete", stack=stack)


async def _webhook_of(sender: Sender, stack: str, _: str) -> None:
    given = {"endpoint": "https://hooks.example/in", "secret": "hush"}
    made = await sender.data(
        "WebhookCreate", stack=stack, input=given | {"enabled": True}
    )
    await sender.data("WebhookDelete", stack=stack, webhook=made["id"])


async def _run(sender: Sender, stack: str, _: str) -> None:
    """A run that waits for a worker in vain is no reason to keep the stack."""
    run = await sender.data(
        "RunTrigger", stack=stack, runType="TRACKED", sha=None, runtimeConfig=None
    )
    found = await sender.data("StackRunRead", stackId=stack, runId=run["id"])
    assert not found["runResourceState"]["finished"], stack


Part: TypeAlias = Callable[[Sender, str, str], Awaitable[None]]
PARTS: Final[tuple[Part, ...]] = (
    _variable,
    _context_of,
    _policy_of,
    _schedule,
    _drift,
    _webhook_of,
    _run,
)
