"""Typed identifiers: a stack's id never passes for a run's.

Ids are text. Things that people name have a slug, everything else a ULID, as the
API's existing clients expect.
"""

import re
from typing import Final, NewType

from ulid import ULID

SpaceId = NewType("SpaceId", str)
StackId = NewType("StackId", str)
RunId = NewType("RunId", str)
ReviewId = NewType("ReviewId", str)
LegId = NewType("LegId", str)  # one stay of a run on a worker
WorkspaceId = NewType("WorkspaceId", str)  # of code that somebody uploaded
PoolId = NewType("PoolId", str)
WorkerId = NewType("WorkerId", str)
RepoId = NewType("RepoId", str)
ContextId = NewType("ContextId", str)
AttachmentId = NewType("AttachmentId", str)
ApiKeyId = NewType("ApiKeyId", str)
UserId = NewType("UserId", str)
GroupId = NewType("GroupId", str)
SessionId = NewType("SessionId", str)
SecurityKeyId = NewType("SecurityKeyId", str)
RoleId = NewType("RoleId", str)
BindingId = NewType("BindingId", str)
FilterId = NewType("FilterId", str)

ROOT: Final = SpaceId("root")
LEGACY: Final = SpaceId("legacy")


def new_ulid(after: str = "") -> str:
    """Return 26 upper-case characters that sort by the time they were made.

    Those of one millisecond are in no order, unless one is made to follow *after*.
    """
    new = str(ULID())
    return new if new > after else str(ULID.from_int(int(ULID.from_str(after)) + 1))


def slugify(name: str) -> str:
    """Lower-case *name* and turn every run of other characters into one dash."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
