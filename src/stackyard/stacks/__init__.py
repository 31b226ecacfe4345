"""Stacks: code, the tool that understands it, and what is made with it.

Start with `model/stack.py` for what a stack is, `model/rules.py` for what its settings
must keep to, then `service/` for what can be done with it.
"""

from stackyard.stacks.errors import (
    CommitNameError,
    CommitUnknownError,
    ConfigElementError,
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
from stackyard.stacks.model.config import (
    ConfigElement,
    ConfigInput,
    ConfigType,
    ConfigValue,
    checksum,
)
from stackyard.stacks.model.releases import ReleasedTool, released
from stackyard.stacks.model.spec import Provider, StackSpec
from stackyard.stacks.model.stack import Stack, StackState
from stackyard.stacks.model.vendors import VENDORS, Terraform, Vendor, vendor_name
from stackyard.stacks.ports import (
    CheckUrl,
    CommitFacts,
    Neighbours,
    Pools,
    Repositories,
    VisibleSpaces,
)
from stackyard.stacks.service import StackConfig, Stacks
from stackyard.stacks.store import (
    ConfigStore,
    Followed,
    StackStore,
    followed_elsewhere,
)

__all__ = [
    "VENDORS",
    "CheckUrl",
    "CommitFacts",
    "CommitNameError",
    "CommitUnknownError",
    "ConfigElement",
    "ConfigElementError",
    "ConfigInput",
    "ConfigStore",
    "ConfigType",
    "ConfigValue",
    "Followed",
    "Neighbours",
    "Pools",
    "Provider",
    "ReleasedTool",
    "Repositories",
    "RepositoryUnknownError",
    "SpaceUnknownError",
    "Stack",
    "StackConfig",
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
    "VisibleSpaces",
    "WorkerPoolUnknownError",
    "checksum",
    "computed_variables",
    "followed_elsewhere",
    "released",
    "vendor_name",
]
