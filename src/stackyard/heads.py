"""Find out at which commit a project's branch is, wherever its code lives.

Crosses slices and may wait for somebody's git server, so it is no use case of one of
them and no part of a transaction.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.errors import InvalidError
from stackyard.kernel.ids import RepoId
from stackyard.stacks import Project, TrackedCommit
from stackyard.unit import OpenUnit
from stackyard.vcs import (
    Commit,
    GitUrl,
    Heads,
    OpenRepositories,
    PullRequest,
    RemoteBranchMissingError,
    Repositories,
    Source,
)


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


@dataclass(frozen=True, slots=True)
class BuiltInSource:
    """A repository of our own: its branches are rows."""

    open: OpenRepositories
    repo_id: RepoId

    async def heads(self, branches: Collection[str]) -> dict[str, Commit]:
        async with self.open() as repositories:
            return await repositories.heads(self.repo_id, branches, by=SYSTEM)

    async def open_pull_requests(self) -> Sequence[PullRequest]:
        return ()


@dataclass(frozen=True, slots=True)
class RawGitSource:
    """A public repository over https: all it says of itself is where its refs are."""

    remote: Heads
    url: GitUrl

    async def heads(self, branches: Collection[str]) -> dict[str, Commit]:
        found = await self.remote.of(self.url, branches)
        return {branch: Commit(sha, "", "", 0) for branch, sha in found.items()}

    async def open_pull_requests(self) -> Sequence[PullRequest]:
        return ()


def source_of(open_unit: OpenUnit, heads: Heads, project: Project) -> Source:
    """Return where the code of a stack or module lives, to ask how it stands there."""
    if project.vcs_repo_id is not None:
        return BuiltInSource(partial(_repositories, open_unit), project.vcs_repo_id)
    if project.repository_url:
        return RawGitSource(heads, GitUrl(project.repository_url))
    raise SourceUnsupportedError(provider=project.provider)


async def find_head(
    open_unit: OpenUnit, heads: Heads, project: Project, branch: str
) -> TrackedCommit:
    """Return the newest commit of *branch* in its repository."""
    found = await source_of(open_unit, heads, project).heads([branch])
    if branch in found:
        return TrackedCommit(**found[branch].as_dict())
    if project.vcs_repo_id is None:
        raise RemoteBranchMissingError(branch=branch)
    raise CommitMissingError(
        repository=project.vcs_repo_id, wanted=f'branch "{branch}"'
    )


@asynccontextmanager
async def _repositories(open_unit: OpenUnit) -> AsyncIterator[Repositories]:
    async with open_unit() as unit:
        yield unit.repositories
