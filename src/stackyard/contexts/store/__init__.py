"""All SQL about contexts, except which stacks have them (`stackyard.stacks`)."""

from stackyard.contexts.store.config import ContextConfigStore
from stackyard.contexts.store.contexts import ContextStore

__all__ = ["ContextConfigStore", "ContextStore"]
