"""A stack: code, the tool that understands it, and what was made with it.

Entity and row. Every method decides; none awaits, and time and caller are arguments.
"""

from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from stackyard.kernel.access import Subject
from stackyard.kernel.ids import PoolId, RepoId, SpaceId, StackId
from stackyard.kernel.orm import Entity
from stackyard.stacks.errors import (
    StackDeletingError,
    StackLockedError,
    StackProtectedError,
    StackVendorUnsupportedError,
)
from stackyard.stacks.model.migration import VendorMigration
from stackyard.stacks.model.spec import Provider, StackSpec
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


# Words of runs that stacks do not have. A queued run has not touched its stack; one
# that was canceled or skipped never started, like one that was discarded.
_SHOWN_AS: Final[dict[str, StackState | None]] = {
    "QUEUED": None,
    "CANCELED": StackState.DISCARDED,
    "SKIPPED": StackState.DISCARDED,
}
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


class Stack(Entity):
    __tablename__ = "stacks"
    __table_args__ = (
        Index("ix_stacks_space_id", "space_id"),
        Index("ix_stacks_worker_pool_id", "worker_pool_id"),
        Index("ix_stacks_vcs_repo_id", "vcs_repo_id"),
        Index("ix_stacks_name_id", "name", "id"),
        Index("ix_stacks_labels", "labels", postgresql_using="gin"),
        CheckConstraint(
            "(locked_by IS NULL) = (lock_owner IS NULL)", name="ck_stacks_lock_is_whole"
        ),
    )

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
        stack_id: StackId,
        spec: StackSpec,
        *,
        space_id: SpaceId,
        manages_state: bool,
        at: datetime,
    ) -> "Stack":
        stack = cls(
            id=stack_id,
            space_id=space_id,
            manages_state=manages_state,
            state=StackState.NONE,
            is_disabled=bool(spec.is_disabled),
            vendor_config=vendor_to_row((spec.vendor or Terraform()).settled()),
            destroy_on_delete=False,
            created_at=at,
            updated_at=at,
        )
        stack._take(spec)
        return stack

    @property
    def vendor(self) -> Vendor:
        return vendor_from_row(self.vendor_config)

    @property
    def deleting(self) -> bool:
        return self.deletion_requested_at is not None

    def change(self, spec: StackSpec, *, space_id: SpaceId, at: datetime) -> None:
        """Make all settings what *spec* says. The slug and the past stay."""
        if self.deleting:
            raise StackDeletingError(stack=self.id)
        before = self._source()
        self.space_id = space_id
        if spec.vendor is not None:
            self.vendor_config = vendor_to_row(spec.vendor.settled())
        self._take(spec)
        if self._source() != before:
            # the commit was one of the old code: the next run looks up the new head
            self.tracked_commit = self.tracked_commit_set_by = None
        self.updated_at = at

    def migrate(self, migration: VendorMigration, *, at: datetime) -> list[str]:
        """Go over to another tool; return what stands against it, if anything does."""
        if self.deleting:
            raise StackDeletingError(stack=self.id)
        labels = self.labels if migration.labels is None else list(migration.labels)
        found = migration.problems(self.vendor, labels)
        if found:
            return found
        vendor = migration.migrated(self.vendor, manages_state=self.manages_state)
        found = vendor.problems(manages_state=self.manages_state)
        if not found:
            self.vendor_config, self.labels = vendor_to_row(vendor), labels
            self.updated_at = at
        return found

    def hooks(self) -> dict[str, list[str]]:
        return {name: list(commands) for name, commands in self.hook_lists.items()}

    def tool_name(self) -> ToolName:
        """Return which binary a worker runs, or raise if none of ours does."""
        match self.vendor:
            case OpenTofu(workflow_tool=OpenTofuTool.OPENTOFU):
                return "tofu"
            case Terraform(workflow_tool=TerraformTool.OPEN_TOFU):
                return "tofu"
            case Terraform(workflow_tool=TerraformTool.TERRAFORM_FOSS):
                return "terraform"
            case _:
                raise StackVendorUnsupportedError(stack=self.id)

    def tool_version(self) -> str | None:
        """Return the constraint that a worker's tool must satisfy, if there is one."""
        match self.vendor:
            case OpenTofu(version=version) | Terraform(version=version):
                return version
            case _:
                return None

    def is_locked_by_other_than(self, by: Subject) -> bool:
        return self.lock_owner not in {None, owner_key(by)}

    def lock(self, *, note: str | None, by: Subject, at: datetime) -> None:
        """Keep it for *by*; once more by the same renews the note."""
        if self.is_locked_by_other_than(by):
            raise StackLockedError(stack=self.id, locked_by=self.locked_by)
        self.locked_by, self.lock_owner = by.name, owner_key(by)
        self.lock_note, self.locked_at = note or None, at

    def unlock(self) -> bool:
        """Set it free; False if it was."""
        was_locked = self.lock_owner is not None
        self.locked_by = self.lock_owner = self.lock_note = self.locked_at = None
        return was_locked

    def disable(self) -> None:
        self.is_disabled = True

    def enable(self) -> bool:
        """Let runs begin again; False if they could already."""
        was_disabled = self.is_disabled
        self.is_disabled = False
        return was_disabled

    def request_deletion(self, *, destroy_resources: bool, at: datetime) -> None:
        """Begin to go. Asking once more changes nothing but may ask for more."""
        if self.protect_from_deletion:
            raise StackProtectedError(stack=self.id)
        self.destroy_on_delete = self.destroy_on_delete or destroy_resources
        self.deletion_requested_at = self.deletion_requested_at or at

    def keep(self) -> None:
        """What it had made could not be destroyed: it stays."""
        self.deletion_requested_at = None
        self.destroy_on_delete = False

    def show_state(self, run_state: str, *, at: datetime) -> None:
        """Show the state of the newest tracked run, in the words that stacks have.

        News that arrives after newer news is dropped.
        """
        state = (
            _SHOWN_AS[run_state] if run_state in _SHOWN_AS else StackState(run_state)
        )
        if state is None or (self.state_set_at and at < self.state_set_at):
            return
        self.state, self.state_set_at = state, at

    def _source(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in _SOURCE)

    def _take(self, spec: StackSpec) -> None:
        for one in fields(spec):
            if one.name not in _DERIVED:
                value = getattr(spec, one.name)
                setattr(self, one.name, list(value) if one.name in _LISTS else value)
        self.hook_lists = spec.hook_lists()
        self.vcs_repo_id = spec.repo_id


def owner_key(by: Subject) -> str:
    return f"{by.kind}/{by.id}"
