"""A whole account in one transaction: spaces, people, keys, roles, stacks."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.adapters.crypto.authority import Authority
from stackyard.identity import Known, SessionMethod, User
from stackyard.kernel.access import SYSTEM, Subject, SubjectKind
from stackyard.kernel.actions import Action
from stackyard.kernel.ids import GroupId, PoolId, SpaceId, StackId
from stackyard.kernel.site import Site
from stackyard.spaces import Holder, HolderKind, RoleBinding, SpaceSpec, seed
from stackyard.unit import Means, Unit
from stackyard.workers import Endpoints, PoolSettings
from tests.support.certificates import signing_request
from tests.support.fakes import Clock, MemoryOutbox
from tests.support.stacks import a_spec

NOTHING: Any = None
AUTHORITY = Authority.found(clock=Clock())
SITE = Site("http://stackyard.test", "acme")


@dataclass
class Realm:
    session: AsyncSession
    clock: Clock = field(default_factory=Clock)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)

    def __post_init__(self) -> None:
        self.means = Means(
            blobs=NOTHING,
            vault=NOTHING,
            tokens=NOTHING,
            signer=AUTHORITY,
            endpoints=Endpoints(SITE.base_url, "tls://broker:1", ""),
            site=SITE,
            clock=self.clock,
            handover=timedelta(seconds=10),
            follow_every=timedelta(seconds=120),
        )
        self.unit = self.another_unit()

    def another_unit(self) -> Unit:
        return Unit(self.session, self.outbox, NOTHING, NOTHING, self.means)

    async def prepare(self) -> "Realm":
        await seed(self.session, at=self.clock())
        return self

    async def space(
        self, name: str, parent: SpaceId, *, inherits: bool = False
    ) -> SpaceId:
        spec = SpaceSpec(name, parent=parent, inherits=inherits)
        return (await self.unit.spaces.create(spec, by=SYSTEM)).id

    async def stack(self, name: str, space: SpaceId, **given: Any) -> StackId:
        spec = a_spec(name=name, space_id=space, **given)
        stack = await self.unit.stacks.create(spec, by=SYSTEM)
        await self.session.flush()
        return stack.id

    async def pool(self, name: str, space: SpaceId) -> PoolId:
        wanted = PoolSettings(name=name, space_id=space)
        pool = await self.unit.pools.create(wanted, signing_request(), by=SYSTEM)
        await self.session.flush()
        return pool.id

    async def role(self, name: str, *actions: Action) -> str:
        role = await self.unit.roles.create(
            name=name, description=None, actions=actions, by=SYSTEM
        )
        return role.slug

    async def bind(self, holder: Holder, role: str, space: SpaceId) -> RoleBinding:
        return await self.unit.bindings.create(
            holder, role=role, space=space, by=SYSTEM
        )

    async def user(
        self, name: str, *roles: tuple[SpaceId, str], groups: tuple[str, ...] = ()
    ) -> Subject:
        known = Known(name, name, groups, SessionMethod.OIDC)
        user = User.arrive(known, at=self.clock())
        self.session.add(user)
        await self.session.flush()
        for space, role in roles:
            await self.bind(Holder(HolderKind.USER, user.id), role, space)
        return Subject(SubjectKind.USER, user.id, name, groups=frozenset(groups))

    async def key(
        self, name: str, *roles: tuple[SpaceId, str], teams: tuple[str, ...] = ()
    ) -> Subject:
        new = await self.unit.api_keys.create(
            name=name, admin=False, teams=list(teams), by=SYSTEM
        )
        for space, role in roles:
            await self.bind(Holder(HolderKind.API_KEY, new.key.id), role, space)
        return new.key.subject

    async def group(self, name: str, *roles: tuple[SpaceId, str]) -> GroupId:
        group = await self.unit.groups.create(name=name, description=None, by=SYSTEM)
        for space, role in roles:
            await self.bind(Holder(HolderKind.GROUP, group.id), role, space)
        return group.id

    def run_of(self, stack: StackId) -> Subject:
        name = f"{stack}/01RUN"
        return Subject(SubjectKind.RUN, name, name, stack_id=stack)
