"""One unit of work: everything a request, or a message, may use.

A plain typed object stands in for a dependency-injection framework: the editor
can jump through it, mypy can check it, and a test can build one by hand.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cached_property
from random import SystemRandom
from typing import TypeAlias

from sqlalchemy import CTE

from stackyard.filters import Filters, FilterStore
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
from stackyard.kernel.ids import RunId, SpaceId, StackId
from stackyard.parts import Means, Parts, QueueUpkeep
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
    Usage,
    UsageStore,
)
from stackyard.spaces import (
    Bindings,
    Occupants,
    Roles,
    RoleStore,
    Spaces,
    SpaceStore,
    visible_to,
)
from stackyard.stacks import ConfigStore, Neighbours, StackConfig, Stacks, StackStore
from stackyard.state import States, StateStore
from stackyard.vcs import GitUrl, RefUpdates, Repositories, RepositoryStore
from stackyard.workers import (
    Pools,
    PoolStore,
    Workers,
    WorkerStore,
)

_random = SystemRandom()


@dataclass(frozen=True)
class Unit(Parts):
    """Each slice's service is a `cached_property` that is built of the parts."""

    @cached_property
    def api_keys(self) -> ApiKeys:
        return ApiKeys(
            KeyStore(self.session),
            SessionStore(self.session),
            self.access,
            self.bindings,
            self.access.administers_any,
            self.clock,
            self.trail,
        )

    @cached_property
    def people(self) -> People:
        return People(
            self._people_store,
            FactorStore(self.session),
            self.access,
            self.access.administers_any,
            self.clock,
            self.trail,
        )

    @cached_property
    def groups(self) -> Groups:
        return Groups(
            self._people_store,
            self.access,
            self.access.administers_any,
            self.clock,
            self.trail,
        )

    @cached_property
    def account(self) -> AccountSettings:
        return AccountSettings(
            self._people_store,
            SessionStore(self.session),
            self.access,
            self.clock,
            self.trail,
        )

    @cached_property
    def sign_ons(self) -> SignOns:
        return SignOns(
            self._people_store,
            SessionStore(self.session),
            self.access,
            self.means.vault,
            self.clock,
            self.trail,
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
            self.trail,
        )

    @cached_property
    def roles(self) -> Roles:
        return Roles(RoleStore(self.session), self.access, self.trail)

    @cached_property
    def bindings(self) -> Bindings:
        return Bindings(
            RoleStore(self.session),
            self.access,
            self.clock,
            self._space_if_any,
            self.trail,
        )

    @cached_property
    def repositories(self) -> Repositories:
        return Repositories(
            RepositoryStore(self.session),
            self.access,
            self.outbox,
            self.clock,
            self.trail,
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
            self.trail,
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
            self.trail,
        )

    @cached_property
    def stacks(self) -> Stacks:
        return Stacks(
            StackStore(self.session),
            self.access,
            self.outbox,
            self.clock,
            Neighbours(visible_to, GitUrl, self.pools, self.repositories),
            self.trail,
        )

    @cached_property
    def filters(self) -> Filters:
        return Filters(FilterStore(self.session), self.access, self.clock, self.trail)

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
            self.trail,
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
            self.trail,
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
            self.trail,
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
            self.trail,
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
    def usage(self) -> Usage:
        return Usage(UsageStore(self.session), self.access, self.clock)

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


__all__ = ["Means", "OpenUnit", "QueueUpkeep", "Unit"]

OpenUnit: TypeAlias = Callable[[], AbstractAsyncContextManager[Unit]]
