"""What the provider sends about clouds: whole lives of integrations, roles, accounts.

`tests/operations` holds the client's texts. They are never edited.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import pytest
from sqlalchemy import text
from tests.support.clouds import ROLE, SCOPES, a_module, an_aws_spec
from tests.support.edge import Edge
from tests.support.provider import Provider
from tests.support.stacks import a_spec

from stackyard.adapters.postgres import Database
from stackyard.clouds import AttachedCloud, AwsIntegration, Use
from stackyard.contexts import ContextSpec
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import LEGACY, AttachmentId, ContextId, PolicyId, StackId
from stackyard.policies import PolicySpec, PolicyType
from stackyard.unit import Unit

NOWHERE = "01GBASTWAEPJ1HDMXDMWTRC8DN"
WAITING: Final = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock'"
)

T = TypeVar("T")


@pytest.fixture
async def edge(database: Database) -> Edge:
    edge = Edge(database)
    await edge.prepare()
    async with edge.unit() as unit:
        spec = a_spec(name="Net", space_id=LEGACY, labels=("net",))
        await unit.stacks.create(spec, by=SYSTEM)
        await a_module(unit, "net")
    return edge


@pytest.fixture
async def provider(edge: Edge) -> Provider:
    return await Provider(edge).sign_in()


def aws(**given: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {"name": "ours", "roleArn": ROLE, "durationSeconds": 900}
    usual |= {"generateCredentialsInWorker": False, "externalID": "", "region": None}
    usual |= {"labels": [], "space": None, "autoattachEnabled": False}
    return usual | {"tagAssumeRole": False} | given


def azure(**given: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {"name": "ours", "tenantID": "tenant-id", "labels": []}
    usual |= {"defaultSubscriptionId": None, "space": None}
    return usual | {"autoattachEnabled": False} | given


def as_read(said: dict[str, Any], **given: Any) -> dict[str, Any]:
    """Return what an integration with AWS that was sent as *said* is read as."""
    renamed = {"externalID": "externalId"}
    return {renamed.get(name, name): value for name, value in said.items()} | given


async def own(provider: Provider, name: str) -> dict[str, Any]:
    """Return what the stack has of its own: `aws`, or `gcp`."""
    stack = await provider.data("StackAWSRoleRead", id="net")
    return dict(stack["integrations"][name])


async def test_the_life_of_an_integration_with_aws(provider: Provider) -> None:
    said = aws(labels=["b", "a"], region="eu-west-1")
    made = await provider.data("AWSIntegrationCreate", **said)
    here = {"id": made["id"]}
    assert made == as_read(said, space="legacy", **here)
    assert await provider.data("AWSIntegrationRead", **here) == made
    assert await provider.data("AWSIntegrationByNameRead", name="ours") == made
    assert await provider.data("AwsIntegrationsRead") == [made]

    changed = aws(
        name="theirs",
        roleArn=f"{ROLE}-2",
        durationSeconds=3600,
        generateCredentialsInWorker=True,
        externalID="external@id",
        autoattachEnabled=True,
        tagAssumeRole=True,
        space="root",
    )
    updated = await provider.data("AWSIntegrationUpdate", **here, **changed)
    assert updated == as_read(changed, **here)
    assert await provider.data("AWSIntegrationRead", **here) == updated
    assert await provider.data("AWSIntegrationByNameRead", name="ours") is None

    assert await provider.data("AWSIntegrationDelete", **here) == updated
    assert await provider.data("AWSIntegrationRead", **here) is None
    assert await provider.data("AWSIntegrationDelete", **here) is None


async def test_an_update_without_a_space_keeps_it(provider: Provider) -> None:
    made = await provider.data("AWSIntegrationCreate", **aws(space="root"))
    updated = await provider.data("AWSIntegrationUpdate", id=made["id"], **aws())
    assert updated["space"] == "root"


@pytest.mark.parametrize("project", ["net", "terraform-default-net"])
async def test_the_life_of_an_attachment_to_aws(
    provider: Provider, project: str
) -> None:
    integration = await provider.data("AWSIntegrationCreate", **aws())
    made = await provider.data(
        "AwsIntegrationAttach",
        id=integration["id"],
        projectId=project,
        read=True,
        write=False,
    )
    is_module = project != "net"
    assert made == {"id": made["id"], "stackId": project, "isModule": is_module} | {
        "read": True,
        "write": False,
    }
    here = {"integrationId": integration["id"], "projectId": project}
    read = await provider.data("AWSIntegrationAttachmentRead", **here)
    assert read == {"attachedStack": made}

    other_way = {"read": False, "write": True}
    changed = await provider.data(
        "AwsIntegrationAttachmentUpdate", id=made["id"], **other_way
    )
    assert changed == made | other_way
    read = await provider.data("AWSIntegrationAttachmentRead", **here)
    assert read == {"attachedStack": changed}

    gone = {"id": made["id"]}
    assert await provider.data("AwsIntegrationAttachmentDelete", **gone) == changed
    assert await provider.data("AwsIntegrationAttachmentDelete", **gone) is None
    read = await provider.data("AWSIntegrationAttachmentRead", **here)
    assert read == {"attachedStack": None}


async def test_what_is_attached_to_a_missing_integration_is_null(
    provider: Provider,
) -> None:
    read = await provider.data(
        "AWSIntegrationAttachmentRead", integrationId=NOWHERE, projectId="net"
    )
    assert read is None


async def ask(provider: Provider, query: str, **variables: Any) -> Any:
    async with provider.edge.client() as client:
        answer = await client.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers=provider.headers,
        )
    (value,) = answer.json()["data"].values()
    return value


async def test_what_attached_itself_is_listed_and_nothing_that_the_provider_made(
    provider: Provider,
) -> None:
    said = aws(labels=["autoattach:net"], autoattachEnabled=True)
    made = await provider.data("AWSIntegrationCreate", **said)
    here = {"integrationId": made["id"], "projectId": "net"}
    read = await provider.data("AWSIntegrationAttachmentRead", **here)
    assert read == {"attachedStack": None}

    query = (
        "query ($id: ID!) { awsIntegration(id: $id) {"
        " attachedStacks { stackId stackName isAutoattached read write } } }"
    )
    [attached] = (await ask(provider, query, id=made["id"]))["attachedStacks"]
    assert attached == {
        "stackId": "net",
        "stackName": "Net",
        "isAutoattached": True,
    } | {
        "read": True,
        "write": True,
    }
    # and it is no reason to keep the integration
    assert await provider.data("AWSIntegrationDelete", id=made["id"]) is not None


async def test_read_and_write_are_both_meant_unless_it_is_said_otherwise(
    provider: Provider,
) -> None:
    made = await provider.data("AWSIntegrationCreate", **aws())
    query = (
        "mutation ($id: ID!) {"
        ' awsIntegrationAttach(id: $id, stack: "net") { read write } }'
    )
    attached = await ask(provider, query, id=made["id"])
    assert attached == {"read": True, "write": True}


async def test_an_integration_in_use_is_not_deleted_and_says_by_whom(
    provider: Provider,
) -> None:
    made = await provider.data("AWSIntegrationCreate", **aws())
    use = {"id": made["id"], "read": True, "write": True}
    attached = await provider.data("AwsIntegrationAttach", projectId="net", **use)
    module = "terraform-default-net"
    second = await provider.data("AwsIntegrationAttach", projectId=module, **use)

    said = await provider.error("AWSIntegrationDelete", id=made["id"])
    assert said.endswith("from: net, terraform-default-net")
    for one in (attached, second):
        await provider.data("AwsIntegrationAttachmentDelete", id=one["id"])
    assert await provider.data("AWSIntegrationDelete", id=made["id"]) is not None


@pytest.mark.parametrize("project", ["net", "terraform-default-net"])
async def test_a_role_is_asked_with_an_external_id_of_its_own(
    provider: Provider, project: str
) -> None:
    made = await provider.data("AWSIntegrationCreate", **aws())
    for read, write, what in (
        (True, True, "write"),
        (False, True, "write"),
        (True, False, "read"),
    ):
        shown = await provider.data(
            "AWSIntegrationAttachmentExternalIDRead",
            id=made["id"],
            stackId=project,
            read=read,
            write=write,
        )
        said = shown["externalIdForStack"]
        expected = f"acme@{made['id']}@{project}@{what}"
        assert said["externalId"] == expected
        statement = json.loads(said["assumeRolePolicyStatement"])
        condition = {"StringEquals": {"sts:ExternalId": expected}}
        assert statement["Condition"] == condition
        assert statement["Principal"] == {"AWS": "000000000000"}


async def test_a_worker_of_one_s_own_may_ask_with_another_external_id(
    provider: Provider,
) -> None:
    said = aws(generateCredentialsInWorker=True, externalID="external@id")
    made = await provider.data("AWSIntegrationCreate", **said)
    shown = await provider.data(
        "AWSIntegrationAttachmentExternalIDRead",
        id=made["id"],
        stackId="net",
        read=True,
        write=True,
    )
    assert shown["externalIdForStack"]["externalId"] == "external@id"


async def test_two_integrations_with_one_cloud_have_not_one_name(
    provider: Provider,
) -> None:
    await provider.data("AWSIntegrationCreate", **aws())
    await provider.data("AzureIntegrationCreate", **azure())
    said = await provider.error("AWSIntegrationCreate", **aws())
    assert 'an integration with AWS named "ours" exists already' in said


async def test_the_life_of_an_integration_with_azure(provider: Provider) -> None:
    said = azure(labels=["b", "a"], defaultSubscriptionId="one")
    made = await provider.data("AzureIntegrationCreate", **said)
    here = {"id": made["id"]}
    for name in ("adminConsentURL", "applicationId", "objectId", "displayName"):
        assert made[name], name
    assert made["adminConsentProvided"] is False
    assert made["servicePrincipalObjectId"] is None
    assert (made["tenantId"], made["space"]) == ("tenant-id", "legacy")
    assert (made["labels"], made["defaultSubscriptionId"]) == (["b", "a"], "one")
    assert await provider.data("AzureIntegrationRead", **here) == made
    assert await provider.data("AzureIntegrationByNameRead", name="ours") == made
    assert await provider.data("AzureIntegrations") == [made]

    changed = azure(name="theirs", space="root", autoattachEnabled=True)
    del changed["tenantID"]
    updated = await provider.data("AzureIntegrationUpdate", **here, **changed)
    assert updated == made | changed
    assert updated["defaultSubscriptionId"] is None

    assert await provider.data("AzureIntegrationDelete", **here) == updated
    assert await provider.data("AzureIntegrationRead", **here) is None
    assert await provider.data("AzureIntegrationByNameRead", name="theirs") is None
    assert await provider.data("AzureIntegrationDelete", **here) is None


async def test_the_life_of_an_attachment_to_azure(provider: Provider) -> None:
    integration = await provider.data("AzureIntegrationCreate", **azure())
    made = await provider.data(
        "AzureIntegrationAttachmentCreate",
        id=integration["id"],
        projectId="net",
        read=True,
        write=True,
        subscriptionId="one",
    )
    assert (made["stackId"], made["isModule"]) == ("net", False)
    assert (made["read"], made["write"], made["subscriptionId"]) == (True, True, "one")
    here = {"integrationId": integration["id"], "projectId": "net"}
    read = await provider.data("AzureIntegrationAttachmentRead", **here)
    assert read == {"attachedStack": made}

    changed = await provider.data(
        "AzureIntegrationAttachmentUpdate",
        id=made["id"],
        read=False,
        write=True,
        subscriptionId=None,
    )
    assert changed == made | {"read": False, "subscriptionId": None}
    # an attachment to one cloud is none to another
    gone = {"id": made["id"]}
    assert await provider.data("AwsIntegrationAttachmentDelete", **gone) is None
    assert await provider.data("AzureIntegrationAttachmentDelete", **gone) == changed
    read = await provider.data("AzureIntegrationAttachmentRead", **here)
    assert read == {"attachedStack": None}


async def test_an_integration_with_one_cloud_is_none_with_another(
    provider: Provider,
) -> None:
    made = await provider.data("AWSIntegrationCreate", **aws())
    assert await provider.data("AzureIntegrationRead", id=made["id"]) is None
    assert await provider.data("AzureIntegrationDelete", id=made["id"]) is None


async def test_the_life_of_a_role_of_a_stack_s_own(provider: Provider) -> None:
    before = await own(provider, "aws")
    assert (before["assumedRoleArn"], before["externalID"]) == (None, None)
    assert json.loads(before["assumeRolePolicyStatement"])["Effect"] == "Allow"

    said = {"roleArn": ROLE, "generateCredentialsInWorker": False}
    made = await provider.data("AWSRoleSet", id="net", **said)
    assert made == {"activated": True}
    read = await own(provider, "aws")
    assert (read["assumedRoleArn"], read["externalID"]) == (ROLE, None)
    assert (read["durationSeconds"], read["region"]) == (3600, None)

    said = {"roleArn": "custom_role_arn", "generateCredentialsInWorker": True}
    said |= {"externalID": "external@id", "durationSeconds": 942, "region": "us-east-1"}
    assert await provider.data("AWSRoleSet", id="net", **said) == {"activated": True}
    read = await own(provider, "aws")
    assert read.pop("assumeRolePolicyStatement")
    assert read.pop("assumedRoleArn") == said.pop("roleArn")
    assert read == said

    for _ in range(2):
        gone = await provider.data("AWSRoleDelete", id="net")
        assert gone == {"activated": False}
    assert await own(provider, "aws") == before


async def test_the_life_of_an_account_at_google_s(provider: Provider) -> None:
    before = await own(provider, "gcp")
    assert before == {"serviceAccountEmail": None, "tokenScopes": []}

    scopes = [*SCOPES, "another"]
    made = await provider.data("GCPServiceAccountCreate", id="net", tokenScopes=scopes)
    assert made == {"activated": True}
    read = await own(provider, "gcp")
    assert read["tokenScopes"] == scopes
    assert read["serviceAccountEmail"].endswith("@gcp.invalid")

    await provider.data("GCPServiceAccountCreate", id="net", tokenScopes=["another"])
    again = await own(provider, "gcp")
    assert again == read | {"tokenScopes": ["another"]}

    for _ in range(2):
        gone = await provider.data("GCPServiceAccountDelete", id="net")
        assert gone == {"activated": False}
    assert await own(provider, "gcp") == before


async def test_a_module_has_a_role_and_an_account_like_a_stack(
    provider: Provider,
) -> None:
    module = {"id": "terraform-default-net"}
    role = {"roleArn": ROLE, "generateCredentialsInWorker": False}
    made = await provider.data("AWSRoleSet", **module, **role)
    assert made == {"activated": True}
    scopes = {"tokenScopes": list(SCOPES)}
    made = await provider.data("GCPServiceAccountCreate", **module, **scopes)
    assert made == {"activated": True}
    read = (await provider.data("ModuleAWSRoleRead", **module))["integrations"]
    assert read["aws"]["assumedRoleArn"] == ROLE
    assert read["gcp"]["tokenScopes"] == list(SCOPES)
    for operation in ("AWSRoleDelete", "GCPServiceAccountDelete"):
        assert await provider.data(operation, **module) == {"activated": False}


async def test_everything_that_is_wrong_is_said_at_once(provider: Provider) -> None:
    said = aws(name=" ", roleArn="admin", durationSeconds=60, labels=["a", "a"])
    found = await provider.error("AWSIntegrationCreate", **said)
    for name in ("name:", "roleArn:", "durationSeconds:", "labels:"):
        assert name in found
    assert "no such space" in await provider.error(
        "AWSIntegrationCreate", **aws(space="nowhere")
    )
    assert "tenantID:" in await provider.error(
        "AzureIntegrationCreate", **azure(tenantID="")
    )


@dataclass
class Attached:
    """What stacks share, and what of it one of them has."""

    context: AttachmentId
    policy: AttachmentId
    cloud: AttachmentId


async def attach(unit: Unit, stack: StackId) -> Attached:
    context = await unit.stack_contexts.attach(
        ContextId("shared"), stack, priority=0, by=SYSTEM
    )
    policy = await unit.stack_policies.attach(PolicyId("rules"), stack, by=SYSTEM)
    role = await unit.clouds.named(AwsIntegration, "ours", by=SYSTEM)
    assert role
    assert context.attachment
    assert policy.attachment_id
    cloud = await unit.cloud_attachments.attach(
        AwsIntegration, role.id, stack, Use(), by=SYSTEM
    )
    assert cloud.attachment
    return Attached(context.attachment.id, policy.attachment_id, cloud.attachment.id)


@pytest.fixture
async def sharing(edge: Edge) -> Edge:
    async with edge.unit() as unit:
        shared = ContextSpec(name="shared", space_id=LEGACY)
        await unit.contexts.create(shared, by=SYSTEM)
        rules = PolicySpec(name="rules", body="package spacelift", space_id=LEGACY)
        await unit.policies.create(rules, PolicyType.PLAN, by=SYSTEM)
        role = an_aws_spec("ours", space_id=LEGACY)
        await unit.clouds.create(AwsIntegration, role, by=SYSTEM)
        await unit.stacks.create(a_spec(name="Other", space_id=LEGACY), by=SYSTEM)
    return edge


async def test_what_is_being_attached_is_attached_elsewhere_at_the_same_time(
    sharing: Edge,
) -> None:
    """Else two that attach the same things in another order wait for each other."""
    async with sharing.unit() as one, sharing.unit() as another:
        await attach(one, StackId("net"))
        await attach(another, StackId("other"))


async def waits(edge: Edge) -> bool:
    async with edge.database.transaction() as session:
        return bool(await session.scalar(text(WAITING)))


async def meanwhile(edge: Edge, statement: str, then: Awaitable[T]) -> T:
    """Return what comes of *then*, which has begun before *statement* was done."""
    async with edge.database.transaction() as session:
        await session.execute(text("SELECT 1 FROM stacks FOR UPDATE"))
        task = asyncio.ensure_future(then)
        while not await waits(edge):
            assert not task.done()
        await session.execute(text(statement))
    return await task


async def test_of_two_changes_at_once_the_later_is_whole(sharing: Edge) -> None:
    async with sharing.unit() as unit:
        attached = await attach(unit, StackId("net"))

    async def change() -> AttachedCloud:
        use = Use(read=True, write=False)
        async with sharing.unit() as unit:
            return await unit.cloud_attachments.update(
                AwsIntegration, attached.cloud, use, by=SYSTEM
            )

    earlier = "UPDATE cloud_attachments SET read = false, write = true"
    changed = await meanwhile(sharing, earlier, change())
    assert (changed.read, changed.write) == (True, False)
    async with sharing.unit() as unit:
        rows = await unit.session.execute(
            text("SELECT read, write FROM cloud_attachments")
        )
        assert rows.all() == [(True, False)]


async def test_what_somebody_has_detached_meanwhile_is_gone(sharing: Edge) -> None:
    async with sharing.unit() as unit:
        attached = await attach(unit, StackId("net"))

    async def detach(of: Callable[[Unit], Awaitable[object]]) -> object:
        async with sharing.unit() as unit:
            return await of(unit)

    for table, of in (
        (
            "context_attachments",
            lambda unit: unit.stack_contexts.detach(attached.context, by=SYSTEM),
        ),
        (
            "policy_attachments",
            lambda unit: unit.stack_policies.detach(attached.policy, by=SYSTEM),
        ),
        (
            "cloud_attachments",
            lambda unit: unit.cloud_attachments.detach(
                AwsIntegration, attached.cloud, by=SYSTEM
            ),
        ),
    ):
        assert await meanwhile(sharing, f"DELETE FROM {table}", detach(of)) is None
