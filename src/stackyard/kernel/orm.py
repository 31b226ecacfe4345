"""The declarative base that every slice maps its tables on."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import TIMESTAMP, Enum, MetaData, Text
from sqlalchemy.orm import DeclarativeBase

from stackyard.kernel.ids import (
    ApiKeyId,
    AttachmentId,
    BindingId,
    BlueprintId,
    CloudId,
    ContextId,
    DependencyId,
    DeploymentId,
    FilterId,
    GpgKeyId,
    GroupId,
    LegId,
    PluginId,
    PluginTemplateId,
    PolicyId,
    PoolId,
    ProviderId,
    ProviderVersionId,
    ReferenceId,
    RepoId,
    ReviewId,
    RoleId,
    RunId,
    ScheduleId,
    SecurityKeyId,
    SessionId,
    ShareId,
    SpaceId,
    StackId,
    TemplateId,
    TemplateVersionId,
    UserId,
    VcsAgentPoolId,
    VcsIntegrationId,
    VersionId,
    WebhookId,
    WorkerId,
    WorkspaceId,
)


class Entity(DeclarativeBase):
    """A row with behaviour.

    Methods of an entity decide; they never await, never touch a session and
    take the time as an argument.
    """

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as written
        str: Text(),
        SpaceId: Text(),
        StackId: Text(),
        RunId: Text(),
        LegId: Text(),
        ReviewId: Text(),
        PoolId: Text(),
        WorkerId: Text(),
        WorkspaceId: Text(),
        RepoId: Text(),
        VcsIntegrationId: Text(),
        VcsAgentPoolId: Text(),
        ContextId: Text(),
        PolicyId: Text(),
        AttachmentId: Text(),
        ApiKeyId: Text(),
        UserId: Text(),
        GroupId: Text(),
        SessionId: Text(),
        SecurityKeyId: Text(),
        RoleId: Text(),
        BindingId: Text(),
        FilterId: Text(),
        TemplateVersionId: Text(),
        ProviderId: Text(),
        ProviderVersionId: Text(),
        GpgKeyId: Text(),
        PluginId: Text(),
        PluginTemplateId: Text(),
        VersionId: Text(),
        ShareId: Text(),
        DependencyId: Text(),
        ReferenceId: Text(),
        ScheduleId: Text(),
        CloudId: Text(),
        WebhookId: Text(),
        BlueprintId: Text(),
        TemplateId: Text(),
        DeploymentId: Text(),
        datetime: TIMESTAMP(timezone=True),
        StrEnum: Enum(
            StrEnum,
            native_enum=False,
            values_callable=lambda kind: [member.value for member in kind],
            length=32,
        ),
    }
