"""A project: a stack, or a module of the registry. Both are code that is run.

They are rows of one table, because whatever has to do with runs is true of both:
contexts, policies, cloud roles and webhooks are attached to a project, and a worker is
told of one. What only one kind can do is said by its class, `Stack` or `Module`. What a
module has no word for is, in its row, as in a stack that does not use it.
"""

from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from stackyard.kernel.access import Subject
from stackyard.kernel.audit import Resource, ResourceType
from stackyard.kernel.ids import PoolId, RepoId, SpaceId, StackId, VcsIntegrationId
from stackyard.kernel.orm import Entity
from stackyard.stacks.errors import StackDeletingError, StackVendorUnsupportedError
from stackyard.stacks.model.spec import Provider, StackSpec, integration_of
from stackyard.stacks.model.vendors import (
    OpenTofu,
    OpenTofuTool,
    Terraform,
    TerraformTool,
    ToolName,
    Vendor,
    vendor_from_row,
    vendor_to_row,
)
from stackyard.vcs import NamedIntegration


class StackState(StrEnum):
    """Exactly the set that existing clients know; they refuse any other word."""

    NONE = "NONE"  # nothing has run yet
    READY = "READY"
    PREPARING = "PREPARING"
    INITIALIZING = "INITIALIZING"
    PLANNING = "PLANNING"
    UNCONFIRMED = "UNCONFIRMED"
    CONFIRMED = "CONFIRMED"
    DISCARDED = "DISCARDED"
    PREPARING_APPLY = "PREPARING_APPLY"
    PREPARING_REPLAN = "PREPARING_REPLAN"
    REPLAN_REQUESTED = "REPLAN_REQUESTED"
    APPLYING = "APPLYING"
    DESTROYING = "DESTROYING"
    FAILED = "FAILED"
    FINISHED = "FINISHED"
    STOPPED = "STOPPED"


# What a spec holds that is not simply a column of the same name.
_DERIVED: Final = {"space_id", "vendor", "is_disabled", "hooks"}
_LISTS: Final = {"labels", "additional_project_globs", "git_sparse_checkout_paths"}
_SOURCE: Final = (
    "provider",
    "namespace",
    "repository",
    "repository_url",
    "branch",
    "vcs_repo_id",
    "vcs_integration_id",
)


class ProjectKind(StrEnum):
    STACK = "stack"
    MODULE = "module"


class Project(Entity):
    """The row of either kind, and what runs and attachments need to know of it."""

    __tablename__ = "stacks"
    __table_args__ = (
        Index("ix_stacks_space_id", "space_id"),
        Index("ix_stacks_worker_pool_id", "worker_pool_id"),
        Index("ix_stacks_vcs_repo_id", "vcs_repo_id"),
        Index(
            "ix_stacks_provider_linked_integration_id",
            "provider",
            "linked_integration_id",
        ),
        ForeignKeyConstraint(
            ["provider", "linked_integration_id"],
            ["vcs_integrations.kind", "vcs_integrations.id"],
        ),
        Index("ix_stacks_name_id", "name", "id"),
        Index("ix_stacks_labels", "labels", postgresql_using="gin"),
        CheckConstraint(
            "(locked_by IS NULL) = (lock_owner IS NULL)", name="ck_stacks_lock_is_whole"
        ),
        CheckConstraint(
            "(kind = 'module') = (terraform_provider IS NOT NULL)"
            " AND (kind = 'module') = (public IS NOT NULL)",
            name="ck_stacks_module_is_whole",
        ),
    )
    __mapper_args__ = {"polymorphic_on": "kind"}  # noqa: RUF012 - SQLAlchemy reads it as written

    kind: Mapped[ProjectKind] = mapped_column(server_default=ProjectKind.STACK)
    id: Mapped[StackId] = mapped_column(primary_key=True)
    space_id: Mapped[SpaceId] = mapped_column(ForeignKey("spaces.id"))
    name: Mapped[str]
    description: Mapped[str | None]
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    provider: Mapped[Provider]
    namespace: Mapped[str | None]
    repository: Mapped[str]
    repository_url: Mapped[str | None]
    branch: Mapped[str]
    vcs_integration_id: Mapped[str | None]
    # the one that is named, if the provider has any; null also for the default
    linked_integration_id: Mapped[VcsIntegrationId | None]
    vcs_repo_id: Mapped[RepoId | None] = mapped_column(ForeignKey("repositories.id"))
    project_root: Mapped[str | None]
    additional_project_globs: Mapped[list[str]] = mapped_column(ARRAY(Text))
    git_sparse_checkout_paths: Mapped[list[str]] = mapped_column(ARRAY(Text))
    administrative: Mapped[bool]
    autodeploy: Mapped[bool]
    autoretry: Mapped[bool]
    github_action_deploy: Mapped[bool]
    local_preview_enabled: Mapped[bool]
    enable_well_known_secret_masking: Mapped[bool]
    enable_sensitive_output_upload: Mapped[bool]
    protect_from_deletion: Mapped[bool]
    runner_image: Mapped[str | None]
    worker_pool_id: Mapped[PoolId | None] = mapped_column(ForeignKey("worker_pools.id"))
    manages_state: Mapped[bool]
    hook_lists: Mapped[dict[str, list[str]]] = mapped_column(JSONB)
    vendor_config: Mapped[dict[str, Any]] = mapped_column(JSONB)
    is_disabled: Mapped[bool]
    locked_by: Mapped[str | None]  # as shown
    lock_owner: Mapped[str | None]  # as compared: names are not unique
    lock_note: Mapped[str | None]
    locked_at: Mapped[datetime | None]
    tracked_commit: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True)
    )
    tracked_commit_set_by: Mapped[str | None]
    state: Mapped[StackState]
    state_set_at: Mapped[datetime | None]
    deletion_requested_at: Mapped[datetime | None]
    destroy_on_delete: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @classmethod
    def create(
        cls,
        project_id: StackId,
        spec: StackSpec,
        *,
        space_id: SpaceId,
        manages_state: bool,
        at: datetime,
    ) -> Self:
        project = cls(
            id=project_id,
            space_id=space_id,
            manages_state=manages_state,
            state=StackState.NONE,
            is_disabled=bool(spec.is_disabled),
            vendor_config=vendor_to_row((spec.vendor or Terraform()).settled()),
            destroy_on_delete=False,
            created_at=at,
            updated_at=at,
        )
        project._take(spec)
        return project

    @property
    def is_module(self) -> bool:
        return self.kind is ProjectKind.MODULE

    def resource(self) -> Resource:
        """Return what the audit trail calls it."""
        kind = ResourceType.MODULE if self.is_module else ResourceType.STACK
        return Resource(kind, self.id)

    @property
    def vendor(self) -> Vendor:
        return vendor_from_row(self.vendor_config)

    @property
    def integration(self) -> NamedIntegration | None:
        """Return by which link to a git server the code is reached, if by one."""
        return integration_of(self.provider, self.vcs_integration_id)

    @property
    def deleting(self) -> bool:
        return self.deletion_requested_at is not None

    def hooks(self) -> dict[str, list[str]]:
        return {name: list(commands) for name, commands in self.hook_lists.items()}

    def tool_name(self, vendor: Vendor | None = None) -> ToolName:
        """Return which binary a worker runs, or raise if none of ours does.

        *vendor* is the project's own, as one run is to have it.
        """
        match vendor or self.vendor:
            case OpenTofu(workflow_tool=OpenTofuTool.OPENTOFU):
                return "tofu"
            case Terraform(workflow_tool=TerraformTool.OPEN_TOFU):
                return "tofu"
            case Terraform(workflow_tool=TerraformTool.TERRAFORM_FOSS):
                return "terraform"
            case _:
                raise StackVendorUnsupportedError(stack=self.id)

    def tool_version(self, vendor: Vendor | None = None) -> str | None:
        """Return the constraint that a worker's tool must satisfy, if there is one."""
        match vendor or self.vendor:
            case OpenTofu(version=version) | Terraform(version=version):
                return version
            case _:
                return None

    def is_locked_by_other_than(self, by: Subject) -> bool:
        return self.lock_owner not in {None, owner_key(by)}

    def change(self, spec: StackSpec, *, space_id: SpaceId, at: datetime) -> None:
        """Make all settings what *spec* says. The slug and the past stay."""
        if self.deleting:
            raise StackDeletingError(stack=self.id)
        before = self.source
        self.space_id = space_id
        if spec.vendor is not None:
            self.vendor_config = vendor_to_row(spec.vendor.settled())
        self._take(spec)
        if self.source != before:
            # the commit was one of the old code: the next run looks up the new head
            self.tracked_commit = self.tracked_commit_set_by = None
        self.updated_at = at

    @property
    def source(self) -> tuple[object, ...]:
        """Return where its code is, to be compared."""
        return tuple(getattr(self, name) for name in _SOURCE)

    def _take(self, spec: StackSpec) -> None:
        for one in fields(spec):
            if one.name not in _DERIVED:
                value = getattr(spec, one.name)
                setattr(self, one.name, list(value) if one.name in _LISTS else value)
        self.hook_lists = spec.hook_lists()
        self.vcs_repo_id = spec.repo_id
        named = spec.integration
        self.linked_integration_id = named[1] if named else None


def owner_key(by: Subject) -> str:
    return f"{by.kind}/{by.id}"
