"""Find out at which commit a stack's branch is, wherever its code lives.

Crosses slices and may wait for somebody's git server, so it is no use case of one of
them and no part of a transaction.
"""

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.errors import InvalidError
from stackyard.stacks import Stack, TrackedCommit
from stackyard.unit import OpenUnit
from stackyard.vcs import GitUrl, Heads


class CommitMissingError(InvalidError):
    """The commit or branch does not exist in the repository."""

    def __str__(self) -> str:
        repository, wanted = self.facts["repository"], self.facts["wanted"]
        return f"there is no {wanted} in the repository {repository}"


class SourceUnsupportedError(InvalidError):
    """Code can only come from a built-in repository or from git over https so far."""

    def __str__(self) -> str:
        return (
            f"code cannot be fetched from {self.facts['provider']} yet:"
            " use a built-in repository or a public git repository over https"
        )


async def find_head(
    open_unit: OpenUnit, heads: Heads, stack: Stack, branch: str
) -> TrackedCommit:
    """Return the newest commit of *branch* in the stack's repository."""
    if stack.vcs_repo_id is not None:
        async with open_unit() as unit:
            commit = await unit.repositories.head(stack.vcs_repo_id, branch, by=SYSTEM)
        if commit is None:
            wanted = f'branch "{branch}"'
            raise CommitMissingError(repository=stack.vcs_repo_id, wanted=wanted)
        return TrackedCommit(**commit.as_dict())
    if stack.repository_url:
        return TrackedCommit(await heads.head(GitUrl(stack.repository_url), branch))
    raise SourceUnsupportedError(provider=stack.provider)
