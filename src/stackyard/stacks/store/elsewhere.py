"""Which stacks' code is on a git server that tells nobody of pushes."""

from dataclasses import dataclass

from sqlalchemy import Select, select

from stackyard.kernel.ids import StackId
from stackyard.stacks.model.stack import Stack


@dataclass(frozen=True, slots=True)
class Followed:
    id: StackId
    url: str
    branch: str


def followed_elsewhere() -> Select[StackId, str | None, str]:
    """Return id, url and branch of each, for slices above to join with."""
    return select(
        Stack.id, Stack.repository_url.label("url"), Stack.branch.label("branch")
    ).where(
        Stack.vcs_repo_id.is_(None),
        Stack.repository_url.is_not(None),
        Stack.deletion_requested_at.is_(None),
    )
