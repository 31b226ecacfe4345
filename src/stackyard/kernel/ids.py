"""Typed identifiers: a stack's id never passes for a run's.

Ids are text. Things that people name have a slug, everything else a ULID, as the
API's existing clients expect.
"""

import re
from typing import Final, NewType

from ulid import ULID

SpaceId = NewType("SpaceId", str)
StackId = NewType("StackId", str)  # or a module's: both are projects
RunId = NewType("RunId", str)
ReviewId = NewType("ReviewId", str)
LegId = NewType("LegId", str)  # one stay of a run on a worker
WorkspaceId = NewType("WorkspaceId", str)  # of code that somebody uploaded
PoolId = NewType("PoolId", str)
WorkerId = NewType("WorkerId", str)
RepoId = NewType("RepoId", str)
VcsIntegrationId = NewType("VcsIntegrationId", str)
VcsAgentPoolId = NewType("VcsAgentPoolId", str)
ContextId = NewType("ContextId", str)
PolicyId = NewType("PolicyId", str)
AttachmentId = NewType("AttachmentId", str)
ApiKeyId = NewType("ApiKeyId", str)
UserId = NewType("UserId", str)
GroupId = NewType("GroupId", str)
SessionId = NewType("SessionId", str)
SecurityKeyId = NewType("SecurityKeyId", str)
RoleId = NewType("RoleId", str)
BindingId = NewType("BindingId", str)
FilterId = NewType("FilterId", str)
ProviderId = NewType("ProviderId", str)  # of a Terraform provider: its type
ProviderVersionId = NewType("ProviderVersionId", str)
GpgKeyId = NewType("GpgKeyId", str)
PluginId = NewType("PluginId", str)
PluginTemplateId = NewType("PluginTemplateId", str)
VersionId = NewType("VersionId", str)  # of a module
ShareId = NewType("ShareId", str)  # of a module
DependencyId = NewType("DependencyId", str)
ReferenceId = NewType("ReferenceId", str)
ScheduleId = NewType("ScheduleId", str)
CloudId = NewType("CloudId", str)  # what lets runs into a cloud
WebhookId = NewType("WebhookId", str)
BlueprintId = NewType("BlueprintId", str)
TemplateId = NewType("TemplateId", str)
TemplateVersionId = NewType("TemplateVersionId", str)
DeploymentId = NewType("DeploymentId", str)  # one of its template only

ROOT: Final = SpaceId("root")
LONGEST_SLUG: Final = 256
LEGACY: Final = SpaceId("legacy")


def new_ulid(after: str = "") -> str:
    """Return 26 upper-case characters that sort by the time they were made.

    Those of one millisecond are in no order, unless one is made to follow *after*.
    """
    new = str(ULID())
    return new if new > after else str(ULID.from_int(int(ULID.from_str(after)) + 1))


def slugify(name: str) -> str:
    """Lower-case *name* and turn every run of other characters into one dash.

    Without a letter or digit there is nothing left; and there is never too much.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return slug[:LONGEST_SLUG].rstrip("-")
