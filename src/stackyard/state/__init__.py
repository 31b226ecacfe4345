"""State: what Terraform remembers of a stack's infrastructure, and what came out of it.

Each version is an object of its own, sealed, and never overwritten; a row names it
once it is durable. `model.py` holds the rules of who may write what over what.
"""

from stackyard.state.entities import ManagedEntity, Module, entities
from stackyard.state.errors import (
    StateConflictError,
    StateDigestError,
    StateLockedError,
    StateMalformedError,
    StateNotFoundError,
    StateNotLockedError,
    StateUnmanagedError,
    UploadMissingError,
)
from stackyard.state.made import StackOutput, StackResource
from stackyard.state.model import (
    Given,
    LockInfo,
    StateLock,
    StateVersion,
    is_bare,
    parse,
)
from stackyard.state.service import States
from stackyard.state.store import StateStore

__all__ = [
    "Given",
    "LockInfo",
    "ManagedEntity",
    "Module",
    "StackOutput",
    "StackResource",
    "StateConflictError",
    "StateDigestError",
    "StateLock",
    "StateLockedError",
    "StateMalformedError",
    "StateNotFoundError",
    "StateNotLockedError",
    "StateStore",
    "StateUnmanagedError",
    "StateVersion",
    "States",
    "UploadMissingError",
    "entities",
    "is_bare",
    "parse",
]
