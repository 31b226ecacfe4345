"""Use cases of where stacks have their code, asked by those who keep it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Action, Subject
from stackyard.kernel.ids import RepoId, StackId
from stackyard.kernel.needs import Rule, needs
from stackyard.stacks.ports import VisibleSpaces
from stackyard.stacks.store.sources import SourceStore
from stackyard.vcs import Integration


@dataclass(frozen=True, slots=True)
class StackSources:
    store: SourceStore
    visible_spaces: VisibleSpaces

    @needs(Rule.PLATFORM)
    async def using(self, integration: Integration, *, by: Subject) -> Sequence[str]:
        """Name what has its code by this link to a git server."""
        del by  # asked in the middle of deciding whether it may go
        return await self.store.using(integration)

    @needs(Rule.PLATFORM)
    async def cut_off_of(
        self, integration: Integration, *, by: Subject
    ) -> Sequence[str]:
        """Name what uses this link and does not reach it where it is now."""
        del by  # asked in the middle of deciding whether a move is allowed
        return await self.store.cut_off_of(integration)

    @needs(Action.SPACE_READ)
    async def of_repositories(
        self, repo_ids: Collection[RepoId], *, by: Subject
    ) -> dict[RepoId, list[StackId]]:
        """Return, of what *by* may read, which stacks are of each repository."""
        return await self.store.of_repositories(repo_ids, self.visible_spaces(by))
