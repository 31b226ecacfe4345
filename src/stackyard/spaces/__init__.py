"""Spaces: the tree that everything lives in, and who may do what where.

Start with `access.py`: it is the one place that says yes or no.
"""

from stackyard.spaces.access import SpaceAccess, reachable_from, visible_to
from stackyard.spaces.errors import SpaceNotFoundError
from stackyard.spaces.model import Space
from stackyard.spaces.service import Spaces
from stackyard.spaces.store import SpaceStore, seed

__all__ = [
    "Space",
    "SpaceAccess",
    "SpaceNotFoundError",
    "SpaceStore",
    "Spaces",
    "reachable_from",
    "seed",
    "visible_to",
]
