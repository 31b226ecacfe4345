"""Stacks: code, the tool that understands it, and what is made with it.

Start with `model/stack.py` for what a stack is, `model/rules.py` for what its settings
must keep to, then `service/` for what can be done with it.
"""

from stackyard.stacks.errors import (
    AttachmentProblemsError,
    CommitNameError,
    CommitUnknownError,
    ContextAttachedError,
    ContextOutOfReachError,
    OutOfReachError,
    ProjectNotFoundError,
    RepositoryUnknownError,
    SpaceUnknownError,
    StackDeletingError,
    StackLockedError,
    StackNotFoundError,
    StackProblemsError,
    StackProtectedError,
    StackSlugTakenError,
    StackVendorUnsupportedError,
    WorkerPoolUnknownError,
)
from stackyard.stacks.events import (
    StackCreated,
    StackDeleted,
    StackDeletionRequested,
    StackEnabled,
    StackUnlocked,
    StackUpdated,
)
from stackyard.stacks.model.commit import TrackedCommit
from stackyard.stacks.model.computed import computed_variables
from stackyard.stacks.model.config import ConfigElement
from stackyard.stacks.model.contexts import (
    AttachedContext,
    Configuration,
    ContextAttachment,
    effective,
    hooks_in_order,
    ranked,
)
from stackyard.stacks.model.migration import MigratedTo, VendorMigration
from stackyard.stacks.model.module import Module
from stackyard.stacks.model.project import Project, ProjectKind, StackState
from stackyard.stacks.model.releases import ReleasedTool, released
from stackyard.stacks.model.spec import Provider, StackSpec
from stackyard.stacks.model.stack import Stack
from stackyard.stacks.model.vendors import VENDORS, Terraform, Vendor, vendor_name
from stackyard.stacks.ports import (
    CheckUrl,
    CommitFacts,
    Neighbours,
    Pools,
    Repositories,
    VisibleSpaces,
)
from stackyard.stacks.service import (
    Given,
    StackConfig,
    StackContexts,
    Stacks,
    VendorMigrations,
)
from stackyard.stacks.store import (
    AttachmentStore,
    ConfigStore,
    Followed,
    StackStore,
    followed_elsewhere,
)

__all__ = [
    "VENDORS",
    "AttachedContext",
    "AttachmentProblemsError",
    "AttachmentStore",
    "CheckUrl",
    "CommitFacts",
    "CommitNameError",
    "CommitUnknownError",
    "ConfigElement",
    "ConfigStore",
    "Configuration",
    "ContextAttachedError",
    "ContextAttachment",
    "ContextOutOfReachError",
    "Followed",
    "Given",
    "MigratedTo",
    "Module",
    "Neighbours",
    "OutOfReachError",
    "Pools",
    "Project",
    "ProjectKind",
    "ProjectNotFoundError",
    "Provider",
    "ReleasedTool",
    "Repositories",
    "RepositoryUnknownError",
    "SpaceUnknownError",
    "Stack",
    "StackConfig",
    "StackContexts",
    "StackCreated",
    "StackDeleted",
    "StackDeletingError",
    "StackDeletionRequested",
    "StackEnabled",
    "StackLockedError",
    "StackNotFoundError",
    "StackProblemsError",
    "StackProtectedError",
    "StackSlugTakenError",
    "StackSpec",
    "StackState",
    "StackStore",
    "StackUnlocked",
    "StackUpdated",
    "StackVendorUnsupportedError",
    "Stacks",
    "Terraform",
    "TrackedCommit",
    "Vendor",
    "VendorMigration",
    "VendorMigrations",
    "VisibleSpaces",
    "WorkerPoolUnknownError",
    "computed_variables",
    "effective",
    "followed_elsewhere",
    "hooks_in_order",
    "ranked",
    "released",
    "vendor_name",
]
