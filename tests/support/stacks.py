"""Stacks for tests: a spec with sound settings, and services on a real session."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.access import Access, Action, Subject, SubjectKind
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import PoolId, RepoId, SpaceId
from stackyard.kernel.needs import note_asked
from stackyard.spaces import Space, seed
from stackyard.stacks import (
    ConfigStore,
    Neighbours,
    StackConfig,
    Stacks,
    StackSpec,
    StackStore,
)
from stackyard.vcs import GitUrl
from tests.support.fake_vault import MemoryVault
from tests.support.fakes import Clock, MemoryOutbox, MemoryTrail, OpenAccess

ADA = Subject(SubjectKind.USER, "ada", "Ada", admin=True)
BOB = Subject(SubjectKind.USER, "bob", "Bob", admin=True)


def a_spec(**given: Any) -> StackSpec:
    usual: dict[str, Any] = {"name": "Net", "repository": "infra", "branch": "main"}
    return StackSpec(**usual | given)


@dataclass
class NothingOf:
    """A neighbour that knows of nothing: no pool, no repository."""

    asked: list[str] = field(default_factory=list)

    async def get(self, one: PoolId | RepoId, /, *, by: Subject) -> object:
        self.asked.append(one)
        raise NotFoundError(id=one)


@dataclass
class Bench:
    """The two services of the slice, and everything they were given."""

    session: AsyncSession
    access: Access = field(default_factory=OpenAccess)
    clock: Clock = field(default_factory=Clock)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    vault: MemoryVault = field(default_factory=MemoryVault)
    trail: MemoryTrail = field(default_factory=MemoryTrail)
    hidden: tuple[SpaceId, ...] = ()
    pools: NothingOf | None = None
    repositories: NothingOf | None = None

    def __post_init__(self) -> None:
        self.stacks = Stacks(
            store=StackStore(self.session),
            access=self.access,
            outbox=self.outbox,
            clock=self.clock,
            neighbours=Neighbours(
                visible_spaces=self.visible_to,
                check_url=GitUrl,
                pools=self.pools,
                repositories=self.repositories,
            ),
            trail=self.trail,
        )
        self.config = StackConfig(
            store=ConfigStore(self.session),
            stacks=self.stacks,
            access=self.access,
            vault=self.vault,
            clock=self.clock,
            trail=self.trail,
        )

    def visible_to(self, _by: Subject) -> Select[SpaceId]:
        note_asked(Action.SPACE_READ)
        return select(Space.id).where(Space.id.not_in(self.hidden))

    async def prepare(self) -> "Bench":
        await seed(self.session, at=self.clock())
        return self
