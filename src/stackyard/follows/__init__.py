"""Stacks whose code is on somebody else's git server, and how far each has followed it.

No such server tells us of a push; each is asked from time to time, and asked soon when
we have been away. Start with `model.py`: a `Remote` says when to ask, a `Cursor` what
was answered last.
"""

from stackyard.follows.events import RemotesDue
from stackyard.follows.model import (
    AWAY_AFTER,
    LEASE,
    Cursor,
    Moved,
    Pace,
    Remote,
    host_of,
)
from stackyard.follows.service import Follows, Question
from stackyard.follows.store import FollowStore

__all__ = [
    "AWAY_AFTER",
    "LEASE",
    "Cursor",
    "FollowStore",
    "Follows",
    "Moved",
    "Pace",
    "Question",
    "Remote",
    "RemotesDue",
    "host_of",
]
