"""All SQL about stacks."""

from stackyard.stacks.store.config import ConfigStore
from stackyard.stacks.store.contexts import AttachmentStore
from stackyard.stacks.store.elsewhere import Followed, followed_elsewhere
from stackyard.stacks.store.policies import PolicyAttachmentStore
from stackyard.stacks.store.search import (
    Condition,
    flag_condition,
    page_of,
    searched,
    text_condition,
)
from stackyard.stacks.store.stacks import StackStore

__all__ = [
    "AttachmentStore",
    "Condition",
    "ConfigStore",
    "Followed",
    "PolicyAttachmentStore",
    "StackStore",
    "flag_condition",
    "followed_elsewhere",
    "page_of",
    "searched",
    "text_condition",
]
