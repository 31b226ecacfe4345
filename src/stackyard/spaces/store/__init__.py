from stackyard.spaces.store.roles import RoleStore, seed_roles
from stackyard.spaces.store.tree import SpaceStore, seed_spaces

__all__ = ["RoleStore", "SpaceStore", "seed_roles", "seed_spaces"]
