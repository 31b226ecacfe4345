"""All SQL about stacks."""

from stackyard.stacks.store.config import ConfigStore
from stackyard.stacks.store.stacks import StackStore

__all__ = ["ConfigStore", "StackStore"]
