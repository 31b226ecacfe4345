"""What everything stands on: the services that know of no run.

The lowest part of `unit.Unit`; nobody opens it alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import CTE

from stackyard.blueprints import BlueprintStore, DeploymentStore, TemplateStore
from stackyard.contexts import (
    ContextConfig,
    ContextConfigStore,
    Contexts,
    ContextStore,
)
from stackyard.contexts import Neighbours as SharedWith
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import ContextId, PolicyId, PoolId, SpaceId, StackId
from stackyard.membership import Membership
from stackyard.policies import Neighbours as Governed
from stackyard.policies import NoEngine, Policies, PolicyStore
from stackyard.spaces import (
    Occupants,
    Spaces,
    SpaceStore,
    visible_to,
)
from stackyard.stacks import (
    AttachmentStore,
    ConfigStore,
    DependencyStore,
    Neighbours,
    PolicyAttachmentStore,
    ProjectKind,
    Schedules,
    ScheduleStore,
    SourceStore,
    StackConfig,
    StackContexts,
    StackDependencies,
    StackPolicies,
    Stacks,
    StackSources,
    StackStore,
)
from stackyard.vcs import (
    AgentPools,
    AgentPoolStore,
    GitUrl,
    Integration,
    Integrations,
    IntegrationStore,
    IntegrationUsers,
    RefUpdates,
    Repositories,
    RepositoryStore,
)
from stackyard.workers import (
    Pools,
    PoolStore,
    Workers,
    WorkerStore,
)


@dataclass(frozen=True)
class Foundation(Membership):
    @cached_property
    def spaces(self) -> Spaces:
        return Spaces(
            SpaceStore(self.session),
            self.access,
            Occupants(self._things_in, self._cut_off, self._space_admins_make_spaces),
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
            self.means.vault,
        )

    @cached_property
    def ref_updates(self) -> RefUpdates:
        return RefUpdates(
            RepositoryStore(self.session), self.access, self.outbox, self.clock
        )

    @cached_property
    def vcs_integrations(self) -> Integrations:
        return Integrations(
            IntegrationStore(self.session),
            self.access,
            self.means.vault,
            self.clock,
            visible_to,
            IntegrationUsers(self._users_of, self._users_cut_off),
            self.trail,
        )

    @cached_property
    def vcs_agent_pools(self) -> AgentPools:
        return AgentPools(
            AgentPoolStore(self.session),
            self.access,
            self.access.administers_any,
            self.clock,
            self.trail,
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
            self._projects_cut_off,
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
            Neighbours(
                visible_to,
                GitUrl,
                pools=self.pools,
                repositories=self.repositories,
                find_cut_off=self._uses_cut_off,
                integrations=self.vcs_integrations,
                is_deployed=DeploymentStore(self.session).has,
            ),
            self.trail,
        )

    @cached_property
    def stack_sources(self) -> StackSources:
        return StackSources(SourceStore(self.session), visible_to)

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
    def contexts(self) -> Contexts:
        return Contexts(
            ContextStore(self.session),
            self.access,
            self.clock,
            SharedWith(visible_to, self._stacks_cut_off),
            self.trail,
        )

    @cached_property
    def context_config(self) -> ContextConfig:
        return ContextConfig(
            ContextConfigStore(self.session),
            self.contexts,
            self.access,
            self.means.vault,
            self.clock,
            self.trail,
        )

    @cached_property
    def stack_contexts(self) -> StackContexts:
        return StackContexts(
            AttachmentStore(self.session),
            self.stacks,
            self.stack_config,
            self.contexts,
            self.context_config,
            self.access,
            self.clock,
            self.trail,
        )

    @cached_property
    def stack_dependencies(self) -> StackDependencies:
        return StackDependencies(
            DependencyStore(self.session),
            self.stacks,
            self.access,
            self.clock,
            self.trail,
        )

    @cached_property
    def policies(self) -> Policies:
        return Policies(
            PolicyStore(self.session),
            NoEngine(),
            self.access,
            self.clock,
            Governed(
                visible_to,
                self._cut_off_of_policy,
                self.access.administers_any,
                self._end_other_sessions,
            ),
            self.trail,
        )

    @cached_property
    def stack_policies(self) -> StackPolicies:
        return StackPolicies(
            PolicyAttachmentStore(self.session),
            self.stacks,
            self.policies,
            self.access,
            self.clock,
            self.trail,
        )

    @cached_property
    def schedules(self) -> Schedules:
        return Schedules(
            ScheduleStore(self.session),
            self.stacks,
            self.access,
            self.outbox,
            self.clock,
            self.trail,
        )

    async def _things_in(self, space: SpaceId) -> list[tuple[str, int]]:
        return [
            ("stack", await self.stacks.count_in(space, by=SYSTEM)),
            ("module", await self._modules_in(space)),
            ("worker pool", await self.pools.count_in(space, by=SYSTEM)),
            ("repository", await self.repositories.count_in(space, by=SYSTEM)),
            ("context", await self.contexts.count_in(space, by=SYSTEM)),
            ("VCS integration", await self.vcs_integrations.count_in(space, by=SYSTEM)),
            ("policy", await self.policies.count_in(space, by=SYSTEM)),
            ("blueprint", await BlueprintStore(self.session).count_in(space)),
            ("template", await TemplateStore(self.session).count_in(space)),
            ("deployment", await DeploymentStore(self.session).count_in(space)),
        ]

    async def _modules_in(self, space: SpaceId) -> int:
        kind = ProjectKind.MODULE
        return await self.stacks.count_in(space, kind=kind, by=SYSTEM)

    async def _cut_off(self, reaching: CTE) -> Sequence[str]:
        return await self.stacks.cut_off(reaching, by=SYSTEM)

    async def _uses_cut_off(self, _project_id: StackId) -> Sequence[str]:
        """Name what slices above let a project use, and it does not reach."""
        return ()

    async def _stacks_cut_off(self, context_id: ContextId) -> Sequence[str]:
        return await self.stacks.cut_off_of_context(context_id, by=SYSTEM)

    async def _projects_cut_off(self, pool_id: PoolId) -> Sequence[str]:
        return await self.stacks.cut_off_of_pool(pool_id, by=SYSTEM)

    async def _users_of(self, integration: Integration) -> Sequence[str]:
        return await self.stack_sources.using(integration, by=SYSTEM)

    async def _users_cut_off(self, integration: Integration) -> Sequence[str]:
        return await self.stack_sources.cut_off_of(integration, by=SYSTEM)

    async def _cut_off_of_policy(self, policy_id: PolicyId) -> Sequence[str]:
        return await self.stack_policies.cut_off(policy_id, by=SYSTEM)

    async def _space_if_any(self, stack_id: StackId) -> SpaceId | None:
        return await self.stacks.space_of(stack_id, by=SYSTEM)

    async def _ensure_own(self, stack_id: StackId) -> None:
        await self.stacks.neighbours.ensure_own(stack_id)
