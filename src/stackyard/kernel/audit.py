"""What a use case says of a change that somebody asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from stackyard.kernel.access import Subject
from stackyard.kernel.ids import SpaceId


class ResourceType(StrEnum):
    """The API's enum `AuditTrailResourceType`. It has no word for our repositories."""

    ACCOUNT = "ACCOUNT"
    API_KEY = "API_KEY"
    AWS_INTEGRATION = "AWS_INTEGRATION"
    AZURE_DEVOPS_REPO_INTEGRATION = "AZURE_DEVOPS_REPO_INTEGRATION"
    AZURE_INTEGRATION = "AZURE_INTEGRATION"
    BITBUCKET_CLOUD_INTEGRATION = "BITBUCKET_CLOUD_INTEGRATION"
    BITBUCKET_DATACENTER_INTEGRATION = "BITBUCKET_DATACENTER_INTEGRATION"
    BLUEPRINT = "BLUEPRINT"
    CONTEXT = "CONTEXT"
    DRIFT_DETECTION_INTEGRATION = "DRIFT_DETECTION_INTEGRATION"
    GENERIC_FORM = "GENERIC_FORM"
    GITHUB_APP_INSTALLATION = "GITHUB_APP_INSTALLATION"
    GITHUB_ENTERPRISE_INTEGRATION = "GITHUB_ENTERPRISE_INTEGRATION"
    GITLAB_INTEGRATION = "GITLAB_INTEGRATION"
    GPG_KEY = "GPG_KEY"
    LOGIN = "LOGIN"
    MODULE = "MODULE"
    NAMED_WEBHOOKS_INTEGRATION = "NAMED_WEBHOOKS_INTEGRATION"
    NOTIFICATION = "NOTIFICATION"
    POLICY = "POLICY"
    RUN = "RUN"
    SCHEDULED_DELETE = "SCHEDULED_DELETE"
    SCHEDULED_RUN = "SCHEDULED_RUN"
    SCHEDULED_TASK = "SCHEDULED_TASK"
    SECURITY_KEY = "SECURITY_KEY"
    SESSION = "SESSION"
    SPACE = "SPACE"
    STACK = "STACK"
    TASK = "TASK"
    TERRAFORM_PROVIDER = "TERRAFORM_PROVIDER"
    TERRAFORM_PROVIDER_VERSION = "TERRAFORM_PROVIDER_VERSION"
    UNKNOWN = "UNKNOWN"
    USER = "USER"
    USER_GROUP = "USER_GROUP"
    USER_GROUP_INTEGRATION = "USER_GROUP_INTEGRATION"
    VERSION = "VERSION"
    WEBHOOK = "WEBHOOK"
    WORKER = "WORKER"
    WORKER_POOL = "WORKER_POOL"


@dataclass(frozen=True, slots=True)
class Resource:
    kind: ResourceType
    id: str | None = None


class Trail(Protocol):
    async def note(
        self,
        action: str,
        affected: Resource,
        *,
        by: Subject,
        related: Resource | None = None,
        space: SpaceId | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down, in the transaction of the change, that *by* changed *affected*.

        *action* is `<entity>.<verb>`. *facts* have names in PascalCase and JSON for
        values, and hold no secret. What was asked for, and from where, is known.
        """

    async def note_failed_sign_in(
        self, affected: Resource, *, by: Subject, facts: Mapping[str, Any] | None = None
    ) -> None:
        """Write down that somebody, who says that they are *by*, was not let in.

        In a transaction that is committed all the same. People type their password
        where their name belongs: hand on names only that there are.
        """
