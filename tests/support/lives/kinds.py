"""What stands for itself: each of these kinds needs nothing else to be there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.support.lives.course import HERE, Course, Sender, Variables, carry
from tests.support.lives.said import (
    READER,
    an_input,
    aws,
    azure,
    azure_devops,
    context,
    csr,
    git_server,
    module,
    of_repository,
    policy,
    pool,
    space,
    webhook,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What is sent about one type of resource.

    *first* and *then* take a name that nobody else has, and give what is sent to make
    and to change it; what is changed is said with its id under *named*, or under `id`
    in the object *within*.
    """

    noun: str
    operations: tuple[str, str, str, str]  # create, read, update, delete
    first: Callable[[str], Variables]
    then: Callable[[str], Variables]
    named: str = "id"
    deleted_by: str = "id"
    within: str = ""

    def course(self, name: str) -> Course:
        create, read, update, delete = self.operations
        then = self.then(name)
        whole = then.setdefault(self.within, {}) if self.within else then
        whole["id" if self.within else self.named] = HERE
        return Course(
            (create, self.first(name)),
            (read, {"id": HERE}),
            (delete, {self.deleted_by: HERE}),
            (update, then),
        )

    async def live(self, sender: Sender, name: str) -> None:
        await carry(sender, self.course(name))


KINDS: Final = (
    Kind(
        "space",
        ("CreateSpace", "SpaceRead", "SpaceUpdate", "DeleteSpace"),
        lambda name: space(name, inherit=False),
        lambda name: space(name, inherit=True),
        named="space",
    ),
    Kind(
        "context",
        ("ContextCreate", "ContextRead", "ContextUpdate", "ContextDelete"),
        context,
        lambda name: context(name, "a"),
    ),
    Kind(
        "policy",
        ("PolicyCreateV2", "PolicyRead", "PolicyUpdateV2", "PolicyDelete"),
        lambda name: policy(name, "package spacelift", type="PLAN"),
        lambda name: policy(name, "package spacelift\nread { true }"),
    ),
    Kind(
        "role",
        ("RoleCreate", "RoleRead", "RoleUpdate", "RoleDelete"),
        lambda name: an_input(name=name, description="", actions=["SPACE_READ"]),
        lambda name: an_input(name=name, description="d", Actions=["SPACE_READ"]),
    ),
    Kind(
        "aws_integration",
        (
            "AWSIntegrationCreate",
            "AWSIntegrationRead",
            "AWSIntegrationUpdate",
            "AWSIntegrationDelete",
        ),
        lambda name: aws(name, 900),
        lambda name: aws(name, 1800),
    ),
    Kind(
        "azure_integration",
        (
            "AzureIntegrationCreate",
            "AzureIntegrationRead",
            "AzureIntegrationUpdate",
            "AzureIntegrationDelete",
        ),
        lambda name: azure(name, tenantID="tenant"),
        lambda name: azure(name, labels=["a"]),
    ),
    Kind(
        "named_webhook",
        (
            "NamedWebhookCreate",
            "GetNamedWebhook",
            "NamedWebhookUpdate",
            "NamedWebhookDelete",
        ),
        lambda name: webhook(name, enabled=True),
        lambda name: webhook(name, enabled=False),
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
        lambda name: pool(name, -1) | {"csr": csr()},
        lambda name: pool(name, 5),
    ),
    Kind(
        "repo",
        ("RepoCreate", "RepoRead", "RepoUpdate", "RepoDelete"),
        lambda name: an_input(spaceID="root", name=name, labels=[], description=""),
        lambda name: an_input(name=name, labels=["a"], description="d"),
    ),
    Kind(
        "module",
        ("ModuleCreate", "ModuleAWSRoleRead", "ModuleUpdate", "ModuleDelete"),
        lambda name: an_input(
            updateInput=module(name, []), name=name, **of_repository(name)
        ),
        lambda name: an_input(**module(name, ["a"]), **of_repository(name)),
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
        lambda name: an_input(space="root", name=name, state="DRAFT", template="{}"),
        lambda name: an_input(space="root", name=name, state="DRAFT", labels=["a"]),
    ),
    Kind(
        "template",
        ("TemplateCreate", "TemplateRead", "TemplateUpdate", "TemplateDelete"),
        lambda name: an_input(space="root", name=name, description=None, labels=[]),
        lambda name: an_input(space="root", name=name, description="d", labels=["a"]),
    ),
    Kind(
        "saved_filter",
        (
            "SavedFilterCreate",
            "SavedFilter",
            "SavedFilterUpdate",
            "SavedFilterDelete",
        ),
        lambda name: an_input(name=name, data="{}", type="stacks", isPublic=True),
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
        lambda name: an_input(groupName=name, description="", accessRules=[]),
        lambda _: an_input(description="d", accessRules=[READER]),
        within="input",
    ),
    Kind(
        "api_key",
        ("APIKeyCreate", "APIKeyRead", "APIKeyUpdate", "APIKeyDelete"),
        lambda name: an_input(name=name, admin=False, teams=[]),
        lambda name: an_input(name=f"{name}-2", description="d"),
    ),
    Kind(
        "managed_user",
        ("ManagedUserInvite", "ManagedUser", "ManagedUserUpdate", "ManagedUserDelete"),
        lambda name: an_input(username=name, invitationEmail="", accessRules=[]),
        lambda _: an_input(accessRules=[READER]),
        within="input",
    ),
    Kind(
        "gitlab_integration",
        (
            "GitLabIntegrationCreate",
            "GitLabIntegrationRead",
            "GitLabIntegrationUpdate",
            "GitLabIntegrationDelete",
        ),
        lambda name: git_server(name) | {"token": "hush"},
        lambda _: git_server() | {"privateToken": None},
        within="customInput",
    ),
    Kind(
        "azure_devops_integration",
        (
            "AzureDevOpsRepoIntegrationCreate",
            "AzureDevOpsIntegrationRead",
            "AzureDevOpsRepoIntegrationUpdate",
            "AzureDevOpsRepoIntegrationDelete",
        ),
        lambda name: azure_devops(name) | {"personalAccessToken": "hush"},
        lambda _: azure_devops() | {"personalAccessToken": None},
        within="customInput",
    ),
    Kind(
        "bitbucket_datacenter_integration",
        (
            "BitbucketDatacenterIntegrationCreate",
            "BitbucketDatacenterIntegrationRead",
            "BitbucketDatacenterIntegrationUpdate",
            "BitbucketDatacenterIntegrationDelete",
        ),
        lambda name: git_server(name) | {"username": "ada", "accessToken": "hush"},
        lambda _: git_server() | {"username": "eve", "accessToken": None},
        within="customInput",
    ),
)
_BY_NOUN: Final = {kind.noun: kind for kind in KINDS}


def course(noun: str, name: str) -> Course:
    return _BY_NOUN[noun].course(name)
