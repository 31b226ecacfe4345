"""What the slice asks of its neighbours below, and no more."""

from collections.abc import (
    Awaitable,
    Callable,
    Sequence,
)
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from sqlalchemy import CTE, Select

from stackyard.kernel.access import Subject
from stackyard.kernel.ids import PoolId, RepoId, SpaceId, StackId
from stackyard.stacks.errors import StackDeployedError
from stackyard.vcs import IntegrationKind

# The spaces a subject may read, as a subquery (`stackyard.spaces.visible_to`).
VisibleSpaces: TypeAlias = Callable[[Subject], Select[SpaceId]]

# Pairs (`space`, `reached`): what may be used where (`stackyard.spaces.reaching`).
Reaching: TypeAlias = CTE

# Raises a `StackyardError` for a URL that must not be fetched (`stackyard.vcs.GitUrl`).
CheckUrl: TypeAlias = Callable[[str], object]

# What slices above let a project use, and it does not reach from where it is now.
FindCutOff: TypeAlias = Callable[[StackId], Awaitable[Sequence[str]]]


async def nothing_above(_project_id: StackId) -> Sequence[str]:
    return ()


# Whether a stack is one of a template's deployment, which alone may change it.
IsDeployed: TypeAlias = Callable[[StackId], Awaitable[bool]]


class Pools(Protocol):
    async def get(self, pool_id: PoolId, /, *, by: Subject) -> object:
        """Return the pool, or raise `NotFoundError` if *by* may not know of it."""


class Repositories(Protocol):
    async def get(self, repo_id: RepoId, /, *, by: Subject) -> object:
        """Return the repository, or raise `NotFoundError`."""


class Integrations(Protocol):
    async def get(
        self, kind: IntegrationKind, integration_id: str | None, /, *, by: Subject
    ) -> object:
        """Return the link to a git server, or raise `NotFoundError`."""


class CommitFacts(Protocol):
    """A commit, as the version control slice knows it."""

    def as_dict(self) -> dict[str, Any]:
        """Return hash, message, author_name, author_login, url and timestamp."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What is optional is there as soon as the composition has it.

    That is enough only as long as everybody who may change a stack is an
    administrator of the account: the composition gives all as soon as it has them.
    """

    visible_spaces: VisibleSpaces
    check_url: CheckUrl
    pools: Pools | None = None
    repositories: Repositories | None = None
    find_cut_off: FindCutOff = nothing_above
    integrations: Integrations | None = None
    is_deployed: IsDeployed | None = None

    async def ensure_own(self, project_id: StackId) -> None:
        """Raise if it is a template's deployment that says what the stack is."""
        if self.is_deployed is not None and await self.is_deployed(project_id):
            raise StackDeployedError(stack=project_id)
