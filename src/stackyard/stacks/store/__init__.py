"""All SQL about stacks."""

from stackyard.stacks.store.attaching import attaches_itself, reaches
from stackyard.stacks.store.config import ConfigStore
from stackyard.stacks.store.contexts import AttachmentStore
from stackyard.stacks.store.dependencies import DependencyStore
from stackyard.stacks.store.elsewhere import Followed, followed_elsewhere
from stackyard.stacks.store.policies import PolicyAttachmentStore
from stackyard.stacks.store.schedules import ScheduleStore
from stackyard.stacks.store.search import (
    Condition,
    flag_condition,
    page_of,
    searched,
    text_condition,
)
from stackyard.stacks.store.sources import SourceStore
from stackyard.stacks.store.stacks import StackStore

__all__ = [
    "AttachmentStore",
    "Condition",
    "ConfigStore",
    "DependencyStore",
    "Followed",
    "PolicyAttachmentStore",
    "ScheduleStore",
    "SourceStore",
    "StackStore",
    "attaches_itself",
    "flag_condition",
    "followed_elsewhere",
    "page_of",
    "reaches",
    "searched",
    "text_condition",
]
