"""All SQL about stacks."""

from stackyard.stacks.store.config import ConfigStore
from stackyard.stacks.store.contexts import AttachmentStore
from stackyard.stacks.store.elsewhere import Followed, followed_elsewhere
from stackyard.stacks.store.policies import PolicyAttachmentStore
from stackyard.stacks.store.stacks import StackStore

__all__ = [
    "AttachmentStore",
    "ConfigStore",
    "Followed",
    "PolicyAttachmentStore",
    "StackStore",
    "followed_elsewhere",
]
