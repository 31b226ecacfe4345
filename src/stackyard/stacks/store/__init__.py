"""All SQL about stacks."""

from stackyard.stacks.store.attaching import attaches_itself, reaches
from stackyard.stacks.store.config import ConfigStore
from stackyard.stacks.store.contexts import AttachmentStore
from stackyard.stacks.store.elsewhere import Followed, followed_elsewhere
from stackyard.stacks.store.stacks import StackStore

__all__ = [
    "AttachmentStore",
    "ConfigStore",
    "Followed",
    "StackStore",
    "attaches_itself",
    "followed_elsewhere",
    "reaches",
]
