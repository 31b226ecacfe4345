"""The tree, and who holds which role where in it."""

from stackyard.spaces.model.roles import (
    SYSTEM_ROLES,
    Holder,
    HolderKind,
    Role,
    RoleBinding,
)
from stackyard.spaces.model.tree import Space, SpaceSpec, built_in

__all__ = [
    "SYSTEM_ROLES",
    "Holder",
    "HolderKind",
    "Role",
    "RoleBinding",
    "Space",
    "SpaceSpec",
    "built_in",
]
