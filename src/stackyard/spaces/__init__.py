"""Spaces: the tree that everything lives in, and who may do what where.

Start with `access.py`: it is the one place that says yes or no.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.identity import seed_account
from stackyard.spaces.access import (
    SpaceAccess,
    is_account_admin,
    is_administrator,
    reachable_from,
    reaching,
    visible_to,
)
from stackyard.spaces.errors import (
    BindingNotFoundError,
    RolesByAdminsError,
    RunWithoutRightsError,
    SpaceNotFoundError,
)
from stackyard.spaces.model import (
    SYSTEM_ROLES,
    Holder,
    HolderKind,
    Role,
    RoleBinding,
    Space,
    SpaceSpec,
)
from stackyard.spaces.model.roles import ADMIN_ROLE
from stackyard.spaces.ports import Occupants
from stackyard.spaces.rights import Rights
from stackyard.spaces.service import Bindings, Roles, Spaces
from stackyard.spaces.store import RoleStore, SpaceStore, seed_roles, seed_spaces

__all__ = [
    "ADMIN_ROLE",
    "SYSTEM_ROLES",
    "BindingNotFoundError",
    "Bindings",
    "Holder",
    "HolderKind",
    "Occupants",
    "Rights",
    "Role",
    "RoleBinding",
    "RoleStore",
    "Roles",
    "RolesByAdminsError",
    "RunWithoutRightsError",
    "Space",
    "SpaceAccess",
    "SpaceNotFoundError",
    "SpaceSpec",
    "SpaceStore",
    "Spaces",
    "is_account_admin",
    "is_administrator",
    "reachable_from",
    "reaching",
    "seed",
    "visible_to",
]


async def seed(session: AsyncSession, *, at: datetime) -> None:
    """Make what every account has: its settings, two spaces and the system roles."""
    await seed_account(session, at=at)
    await seed_spaces(session)
    await seed_roles(session)
