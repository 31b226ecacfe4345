"""Who is asking, and whether they may."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from stackyard.kernel.actions import Action, Level
from stackyard.kernel.ids import SpaceId, StackId

__all__ = [
    "NOBODY",
    "SYSTEM",
    "Access",
    "Action",
    "Grant",
    "Level",
    "Subject",
    "SubjectKind",
]


class SubjectKind(StrEnum):
    USER = "user"
    API_KEY = "api_key"
    RUN = "run"  # a token inside a run: the rights of its stack, for this run only
    WORKER = "worker"  # a worker carrying out one leg; `id` is the leg's
    SYSTEM = "system"  # the platform itself
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in a space and all below it, not by a stored binding."""

    space: SpaceId
    role: str  # the role's slug


@dataclass(frozen=True, slots=True)
class Subject:
    """A person, an API key, a run, a worker or the platform itself.

    `name` is what history and locks show. `admin` is set for an administrator of the
    whole account. `stack_id` is set for a run: the one stack its token is good for.
    `groups` are a person's or key's groups, by their exact names. `grants` hold beside
    stored bindings; with `bound` false they alone do.
    """

    kind: SubjectKind
    id: str
    name: str
    admin: bool = False
    stack_id: StackId | None = None
    groups: frozenset[str] = frozenset()
    grants: tuple[Grant, ...] = ()
    bound: bool = True
    session_id: str | None = None


SYSTEM: Final = Subject(SubjectKind.SYSTEM, "system", "system", admin=True)
NOBODY: Final = Subject(SubjectKind.NOBODY, "", "nobody")


class Access(Protocol):
    async def require(self, by: Subject, action: Action, *, space: SpaceId) -> None:
        """Return in silence, or raise.

        Raises `UnauthorizedError` for nobody, `NotFoundError` if *by* may not even read
        the space, so that a refusal never tells a stranger what exists, and
        `ForbiddenError` if they may read but not do this.
        """

    async def levels(
        self, by: Subject, *, spaces: Collection[SpaceId]
    ) -> dict[SpaceId, Level]:
        """Return what *by* is in each of these spaces. One query."""

    async def allowed(
        self, by: Subject, action: Action, *, spaces: Collection[SpaceId]
    ) -> set[SpaceId]:
        """Return those of these spaces where *by* may do this. One query."""
