"""One unit of work: everything a request, or a message, may use.

A plain typed object stands in for a dependency-injection framework: the editor
can jump through it, mypy can check it, and a test can build one by hand.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from random import SystemRandom
from typing import Protocol, TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.audit import (
    Audit,
    AuditStore,
    AuditTrail,
    Sealing,
    Webhooks,
    WebhookStore,
)
from stackyard.follows import Follows, FollowStore
from stackyard.identity import ApiKeys, IdentityStore, RunTokens
from stackyard.kernel.access import SYSTEM, Access
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
from stackyard.spaces import Spaces, SpaceStore, visible_to
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

    access: Access
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

    @property
    def access(self) -> Access:
        return self.means.access

    @property
    def clock(self) -> Clock:
        return self.means.clock

    @cached_property
    def trail(self) -> AuditTrail:
        return AuditTrail(AuditStore(self.session), self.outbox, self.clock)

    @cached_property
    def audit(self) -> Audit:
        return Audit(AuditStore(self.session), self.access)

    @cached_property
    def audit_sealing(self) -> Sealing:
        return Sealing(
            AuditStore(self.session),
            WebhookStore(self.session),
            self.access,
            self.outbox,
            self.clock,
            self.means.site,
        )

    @cached_property
    def audit_webhooks(self) -> Webhooks:
        return Webhooks(
            WebhookStore(self.session),
            AuditStore(self.session),
            self.trail,
            self.access,
            self.outbox,
            self.means.vault,
            self.clock,
            self.means.site,
        )

    @cached_property
    def api_keys(self) -> ApiKeys:
        return ApiKeys(
            IdentityStore(self.session),
            self.access,
            self.means.tokens,
            self.means.site,
            self.clock,
        )

    @cached_property
    def run_tokens(self) -> RunTokens:
        return RunTokens(self.means.tokens, self.means.site, self.clock)

    @cached_property
    def spaces(self) -> Spaces:
        return Spaces(SpaceStore(self.session), self.access)

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
            self._may_write_state,
            self.trail,
        )

    @cached_property
    def logs(self) -> RunLogs:
        return RunLogs(
            LogStore(self.session),
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
    def _run_store(self) -> RunStore:
        return RunStore(self.session)

    @cached_property
    def _progress(self) -> Progress:
        return Progress(self._run_store, self.stacks, self.outbox)

    async def _space_of(self, stack_id: StackId) -> SpaceId:
        return (await self.stacks.get(stack_id, by=SYSTEM)).space_id

    async def _may_write_state(self, run_id: RunId) -> bool:
        return await self.legs.may_write_state(run_id, by=SYSTEM)


OpenUnit: TypeAlias = Callable[[], AbstractAsyncContextManager[Unit]]
