"""Ways into clouds: roles in AWS, tenants of Azure, accounts of Google's.

They are kept, attached to stacks and modules, and shown. Nothing here calls a cloud:
whether a role trusts us is found out by the run that takes it on.
"""

from stackyard.clouds.errors import (
    CloudAttachedError,
    CloudAttachmentNotFoundError,
    CloudInUseError,
    CloudNameTakenError,
    CloudNotFoundError,
    CloudOutOfReachError,
    CloudProblemsError,
    CloudSpaceError,
    CloudUnreachableError,
)
from stackyard.clouds.model.attachment import AttachedCloud, CloudAttachment, Use
from stackyard.clouds.model.aws import AwsIntegration, AwsSpec, trust_statement
from stackyard.clouds.model.azure import AzureIntegration, AzureSpec, NewAzureSpec
from stackyard.clouds.model.integration import Cloud, CloudIntegration, CloudSpec
from stackyard.clouds.model.own import (
    AwsRole,
    AwsRoleSpec,
    GcpAccount,
    own_external_id,
)
from stackyard.clouds.service import CloudAttachments, Clouds, OwnClouds
from stackyard.clouds.store import CloudAttachmentStore, CloudStore, OwnCloudStore

__all__ = [
    "AttachedCloud",
    "AwsIntegration",
    "AwsRole",
    "AwsRoleSpec",
    "AwsSpec",
    "AzureIntegration",
    "AzureSpec",
    "Cloud",
    "CloudAttachedError",
    "CloudAttachment",
    "CloudAttachmentNotFoundError",
    "CloudAttachmentStore",
    "CloudAttachments",
    "CloudInUseError",
    "CloudIntegration",
    "CloudNameTakenError",
    "CloudNotFoundError",
    "CloudOutOfReachError",
    "CloudProblemsError",
    "CloudSpaceError",
    "CloudSpec",
    "CloudStore",
    "CloudUnreachableError",
    "Clouds",
    "GcpAccount",
    "NewAzureSpec",
    "OwnCloudStore",
    "OwnClouds",
    "Use",
    "own_external_id",
    "trust_statement",
]
