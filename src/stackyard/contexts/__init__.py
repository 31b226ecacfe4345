"""Contexts: variables, files and hooks that stacks share.

Which stack has which of them, and what wins, is said by `stackyard.stacks`.
"""

from stackyard.contexts.errors import (
    ContextNameTakenError,
    ContextNotFoundError,
    ContextProblemsError,
    ContextSlugTakenError,
    ContextSpaceError,
    ContextUnreachableError,
)
from stackyard.contexts.model import (
    AUTOATTACH,
    TO_ALL,
    Context,
    ContextElement,
    ContextSpec,
)
from stackyard.contexts.ports import Neighbours
from stackyard.contexts.service import ContextConfig, Contexts
from stackyard.contexts.store import ContextConfigStore, ContextStore

__all__ = [
    "AUTOATTACH",
    "TO_ALL",
    "Context",
    "ContextConfig",
    "ContextConfigStore",
    "ContextElement",
    "ContextNameTakenError",
    "ContextNotFoundError",
    "ContextProblemsError",
    "ContextSlugTakenError",
    "ContextSpaceError",
    "ContextSpec",
    "ContextStore",
    "ContextUnreachableError",
    "Contexts",
    "Neighbours",
]
