"""One unit of work: everything a request, or a message, may use.

A plain typed object stands in for a dependency-injection framework: the editor
can jump through it, mypy can check it, and a test can build one by hand.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from random import SystemRandom
from typing import Protocol, TypeAlias

from sqlalchemy import CTE
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.follows import Follows, FollowStore
from stackyard.identity import (
    AccountSettings,
    ApiKeys,
    FactorStore,
    Groups,
    KeyStore,
    People,
    PeopleStore,
    RunTokens,
    SessionStore,
    SignOns,
)
from stackyard.kernel.access import SYSTEM, Subject
from stackyard.kernel.blobs import Blobs
from stackyard.kernel.clock import Clock
from stackyard.kernel.events import Outbox
from stackyard.kernel.ids import RunId, SpaceId, StackId
from stackyard.kernel.secrets import Vault
from stackyard.kernel.site import Site
from stackyard.kernel.tokens import Tokens
from stackyard.runs import (
    Deletions,
    Dispatch,
    Legs,
    LogStore,
    Progress,
    RunLogs,
    Runs,
    RunStore,
    Triggers,
)
from stackyard.spaces import (
    Bindings,
    Occupants,
    Roles,
    RoleStore,
    SpaceAccess,
    Spaces,
    SpaceStore,
    visible_to,
)
from stackyard.stacks import ConfigStore, Neighbours, StackConfig, Stacks, StackStore
from stackyard.state import States, StateStore
from stackyard.vcs import GitUrl, RefUpdates, Repositories, RepositoryStore
from stackyard.workers import (
    Courier,
    Endpoints,
    Pools,
    PoolStore,
    Signer,
    Workers,
    WorkerStore,
)

_random = SystemRandom()


class QueueUpkeep(Protocol):
    async def sweep(self) -> None:
        """Forget what the queue need not remember any more."""


@dataclass(frozen=True, slots=True)
class Means:
    """What lives as long as the process, and every unit may use."""

    blobs: Blobs
    vault: Vault
    tokens: Tokens
    signer: Signer
    endpoints: Endpoints
    site: Site
    clock: Clock
    handover: timedelta
    follow_every: timedelta


@dataclass(frozen=True)
class Unit:
    """The parts; each slice's service is a `cached_property` that is built of them."""

    session: AsyncSession
    outbox: Outbox
    courier: Courier
    queue_upkeep: QueueUpkeep
    means: Means

    @cached_property
    def access(self) -> SpaceAccess:
        return SpaceAccess(self.session)

    @property
    def clock(self) -> Clock:
        return self.means.clock

    @cached_property
    def api_keys(self) -> ApiKeys:
        return ApiKeys(
            KeyStore(self.session),
            SessionStore(self.session),
            self.access,
            self.bindings,
            self.clock,
        )

    @cached_property
    def people(self) -> People:
        return People(
            self._people_store,
            FactorStore(self.session),
            self.access,
            self.access.administers_any,
            self.clock,
        )

    @cached_property
    def groups(self) -> Groups:
        return Groups(
            self._people_store, self.access, self.access.administers_any, self.clock
        )

    @cached_property
    def account(self) -> AccountSettings:
        return AccountSettings(
            self._people_store, SessionStore(self.session), self.access, self.clock
        )

    @cached_property
    def sign_ons(self) -> SignOns:
        return SignOns(
            self._people_store,
            SessionStore(self.session),
            self.access,
            self.means.vault,
            self.clock,
        )

    @cached_property
    def _people_store(self) -> PeopleStore:
        return PeopleStore(self.session)

    @cached_property
    def run_tokens(self) -> RunTokens:
        return RunTokens(self.means.tokens, self.means.site, self.clock)

    @cached_property
    def spaces(self) -> Spaces:
        return Spaces(
            SpaceStore(self.session),
            self.access,
            Occupants(self._things_in, self._cut_off, self._space_admins_make_spaces),
        )

    @cached_property
    def roles(self) -> Roles:
        return Roles(RoleStore(self.session), self.access)

    @cached_property
    def bindings(self) -> Bindings:
        return Bindings(
            RoleStore(self.session), self.access, self.clock, self._space_if_any
        )

    @cached_property
    def repositories(self) -> Repositories:
        return Repositories(
            RepositoryStore(self.session), self.access, self.outbox, self.clock
        )

    @cached_property
    def ref_updates(self) -> RefUpdates:
        return RefUpdates(
            RepositoryStore(self.session), self.access, self.outbox, self.clock
        )

    @cached_property
    def pools(self) -> Pools:
        return Pools(
            PoolStore(self.session),
            WorkerStore(self.session),
            self.access,
            self.courier,
            self.means.signer,
            self.clock,
            self.means.endpoints,
            visible_to,
        )

    @cached_property
    def workers(self) -> Workers:
        return Workers(
            WorkerStore(self.session),
            PoolStore(self.session),
            self.access,
            self.outbox,
            self.courier,
            self.clock,
            visible_to,
        )

    @cached_property
    def stacks(self) -> Stacks:
        return Stacks(
            StackStore(self.session),
            self.access,
            self.outbox,
            self.clock,
            Neighbours(visible_to, GitUrl, self.pools, self.repositories),
        )

    @cached_property
    def follows(self) -> Follows:
        return Follows(
            FollowStore(self.session),
            self.access,
            self.outbox,
            self.clock,
            self.means.follow_every,
            _random.random,
        )

    @cached_property
    def stack_config(self) -> StackConfig:
        return StackConfig(
            ConfigStore(self.session),
            self.stacks,
            self.access,
            self.means.vault,
            self.clock,
        )

    @cached_property
    def states(self) -> States:
        return States(
            StateStore(self.session),
            self.access,
            self.means.vault,
            self.clock,
            self._space_of,
            self._readable,
            self._may_write_state,
        )

    @cached_property
    def logs(self) -> RunLogs:
        return RunLogs(
            LogStore(self.session),
            self.stacks,
            self.means.blobs,
            self.access,
            self.outbox,
            self.clock,
        )

    @cached_property
    def runs(self) -> Runs:
        return Runs(
            self._run_store,
            self.stacks,
            self.pools,
            self._progress,
            self.access,
            self.outbox,
            self.clock,
        )

    @cached_property
    def triggers(self) -> Triggers:
        return Triggers(
            self._run_store,
            self.stacks,
            self.runs,
            self._progress,
            self.access,
            self.outbox,
            self.clock,
        )

    @cached_property
    def deletions(self) -> Deletions:
        return Deletions(
            self._run_store, self.stacks, self.runs, self.triggers, self.access
        )

    @cached_property
    def dispatch(self) -> Dispatch:
        return Dispatch(
            self._run_store,
            self.stacks,
            self.workers,
            self._progress,
            self.access,
            self.outbox,
            self.clock,
            self.means.handover,
        )

    @cached_property
    def legs(self) -> Legs:
        return Legs(
            self._run_store,
            self.stacks,
            self.workers,
            self.states,
            self.logs,
            self._progress,
            self.access,
            self.clock,
        )

    @cached_property
    def _run_store(self) -> RunStore:
        return RunStore(self.session)

    @cached_property
    def _progress(self) -> Progress:
        return Progress(self._run_store, self.stacks, self.outbox)

    async def _things_in(self, space: SpaceId) -> list[tuple[str, int]]:
        return [
            ("stack", await self.stacks.count_in(space, by=SYSTEM)),
            ("worker pool", await self.pools.count_in(space, by=SYSTEM)),
            ("repository", await self.repositories.count_in(space, by=SYSTEM)),
        ]

    async def _cut_off(self, reaching: CTE) -> Sequence[str]:
        return await self.stacks.cut_off(reaching, by=SYSTEM)

    async def _space_admins_make_spaces(self) -> bool:
        return await self.account.space_admins_make_spaces(by=SYSTEM)

    async def _space_if_any(self, stack_id: StackId) -> SpaceId | None:
        return await self.stacks.space_of(stack_id, by=SYSTEM)

    async def _space_of(self, stack_id: StackId) -> SpaceId:
        return (await self.stacks.get(stack_id, by=SYSTEM)).space_id

    async def _readable(
        self, stack_ids: Collection[StackId], by: Subject
    ) -> Mapping[StackId, SpaceId]:
        found = await self.stacks.some(stack_ids, by=by)
        return {stack.id: stack.space_id for stack in found.values()}

    async def _may_write_state(self, run_id: RunId) -> bool:
        return await self.legs.may_write_state(run_id, by=SYSTEM)


OpenUnit: TypeAlias = Callable[[], AbstractAsyncContextManager[Unit]]
