"""Whether a stack or a module may have the settings that somebody wants for it."""

from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import LEGACY, SpaceId
from stackyard.kernel.needs import Rule, needs
from stackyard.stacks.errors import (
    IntegrationUnknownError,
    OutOfReachError,
    RepositoryUnknownError,
    SpaceUnknownError,
    WorkerPoolUnknownError,
)
from stackyard.stacks.model.project import Project
from stackyard.stacks.model.rules import slug_problem, spec_problems
from stackyard.stacks.model.spec import StackSpec
from stackyard.stacks.ports import Neighbours
from stackyard.stacks.store import StackStore


@dataclass(frozen=True, slots=True)
class Settling:
    """*old* is always what there is so far; None: it is to be made."""

    store: StackStore
    access: Access
    neighbours: Neighbours

    @needs(Rule.PARENT)
    async def place(
        self, spec: StackSpec, old: Project | None, *, creating: Action, by: Subject
    ) -> SpaceId:
        """Return the space it will be in; without one it stays where it is."""
        space_id = spec.space_id or (old.space_id if old else LEGACY)
        stays = old is not None and space_id == old.space_id
        if not stays:
            await self._require_in(space_id, creating, by=by)
        if spec.administrative and not (old and old.administrative and stays):
            await self._require_in(space_id, Action.SPACE_ADMIN, by=by)
        return space_id

    def problems(self, spec: StackSpec, *, slug: str, manages_state: bool) -> list[str]:
        """Return everything that is wrong with the settings themselves."""
        problems = spec_problems(
            spec, manages_state=manages_state, check_url=self.neighbours.check_url
        )
        wrong_slug = slug_problem(slug)
        return [*problems, wrong_slug] if wrong_slug else problems

    @needs(Rule.PARENT)
    async def check_use(
        self, spec: StackSpec, old: Project | None, *, by: Subject
    ) -> None:
        """Let nobody run code on workers, or read a repository, that are not theirs.

        What is used already stays as it is: an update by somebody who does not know of
        it takes nothing away.
        """
        pool, repo = spec.worker_pool_id, spec.repo_id
        pools, repositories = self.neighbours.pools, self.neighbours.repositories
        if pools and pool and (old is None or pool != old.worker_pool_id):
            try:
                await pools.get(pool, by=by)
            except NotFoundError:
                raise WorkerPoolUnknownError(worker_pool=pool) from None
        if repositories and repo and (old is None or repo != old.vcs_repo_id):
            try:
                await repositories.get(repo, by=by)
            except NotFoundError:
                raise RepositoryUnknownError(repository=repo) from None
        await self._check_integration(spec, old, by=by)

    @needs(Rule.PARENT)
    async def check_reach(self, project: Project) -> None:
        """A project uses what is in its space, or above as far as spaces inherit."""
        lost = [
            *await self.store.cut_off_of(project),
            *await self.neighbours.find_cut_off(project.id),
        ]
        if lost:
            raise OutOfReachError(
                kind=project.kind, space=project.space_id, uses=", ".join(lost)
            )

    async def _check_integration(
        self, spec: StackSpec, old: Project | None, *, by: Subject
    ) -> None:
        """Let nobody have code by a link to a git server that is not theirs to use.

        The account's default is for everybody, and there may be none: the code is then
        out of reach until there is one.
        """
        named, integrations = spec.integration, self.neighbours.integrations
        if not (named and integrations) or (old and named == old.integration):
            return
        kind, integration_id = named
        if integration_id is None:
            return
        try:
            await integrations.get(kind, integration_id, by=by)
        except NotFoundError:
            raise IntegrationUnknownError(integration=integration_id) from None

    async def _require_in(self, space: SpaceId, action: Action, *, by: Subject) -> None:
        try:
            await self.access.require(by, action, space=space)
        except NotFoundError:
            raise SpaceUnknownError(space=space) from None
