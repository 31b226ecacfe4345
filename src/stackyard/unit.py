"""One unit of work: everything a request, or a message, may use.

A plain typed object stands in for a dependency-injection framework: the editor
can jump through it, mypy can check it, and a test can build one by hand.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from random import SystemRandom
from typing import TypeAlias

from stackyard.blueprints import (
    Blueprints,
    BlueprintStore,
    Deployments,
    DeploymentStore,
    Furnishing,
    Leaving,
    Making,
    Showing,
    Templates,
    TemplateStore,
    TemplateVersions,
    TemplateVersionStore,
)
from stackyard.catalogue import Catalogue
from stackyard.filters import Filters, FilterStore
from stackyard.follows import Follows, FollowStore
from stackyard.kernel.access import SYSTEM, Subject
from stackyard.kernel.ids import RunId, SpaceId, StackId
from stackyard.modules import (
    Modules,
    ModuleStore,
    Registry,
    VersionCases,
    Versions,
    VersionStore,
)
from stackyard.parts import Means, QueueUpkeep
from stackyard.runs import (
    Cases,
    Chains,
    ChainStore,
    Deletions,
    Dispatch,
    Firings,
    Legs,
    LogStore,
    PoolQueues,
    Previews,
    Progress,
    QueueStore,
    Reviews,
    ReviewStore,
    RunLogs,
    Runs,
    RunStore,
    Triggers,
    Usage,
    UsageStore,
)
from stackyard.spaces import visible_to
from stackyard.stacks import StackStore
from stackyard.state import States, StateStore

_random = SystemRandom()


@dataclass(frozen=True)
class Unit(Catalogue):
    """Each slice's service is a `cached_property` that is built of the parts."""

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
    def modules(self) -> Modules:
        return Modules(
            ModuleStore(self.session),
            StackStore(self.session),
            self.stacks,
            self.stacks.settling,
            self.access,
            self.clock,
            self.means.site.account,
            self.trail,
        )

    @cached_property
    def versions(self) -> Versions:
        return Versions(
            VersionStore(self.session),
            self.modules,
            self.version_cases,
            self.access,
            self.clock,
            self.trail,
        )

    @cached_property
    def version_cases(self) -> VersionCases:
        cases = Cases(ChainStore(self.session), self._progress, self.clock, self.trail)
        return VersionCases(
            VersionStore(self.session), self.modules, cases, self.access
        )

    @cached_property
    def module_registry(self) -> Registry:
        return Registry(
            ModuleStore(self.session),
            VersionStore(self.session),
            visible_to,
            self.means.site.account,
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
            self.chains,
            self._progress,
            self.access,
            self.outbox,
            self.clock,
            self.trail,
        )

    @cached_property
    def pool_queues(self) -> PoolQueues:
        return PoolQueues(QueueStore(self.session), self.stacks, self.pools)

    @cached_property
    def previews(self) -> Previews:
        return Previews(
            self.stacks, self.triggers, self.access, self.means.vault, self.clock
        )

    @cached_property
    def reviews(self) -> Reviews:
        return Reviews(
            ReviewStore(self.session),
            self._run_store,
            self.stacks,
            self.runs,
            self.access,
            self.outbox,
            self.clock,
            self.trail,
        )

    @cached_property
    def chains(self) -> Chains:
        return Chains(
            ChainStore(self.session),
            self.stacks,
            self.stack_dependencies,
            self.states,
            self._progress,
            self.access,
            self.clock,
            self.trail,
        )

    @cached_property
    def deletions(self) -> Deletions:
        return Deletions(
            self._run_store,
            self.stacks,
            self.runs,
            self.triggers,
            self.states,
            self.access,
        )

    @cached_property
    def firings(self) -> Firings:
        return Firings(
            self._run_store,
            self.stacks,
            self.schedules,
            self.runs,
            self.chains,
            self._progress,
            self.access,
            self.clock,
            self.trail,
        )

    @cached_property
    def dispatch(self) -> Dispatch:
        return Dispatch(
            self._run_store,
            self.stacks,
            self.workers,
            self.chains,
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
    def blueprints(self) -> Blueprints:
        return Blueprints(
            BlueprintStore(self.session),
            self._making,
            self.access,
            self.trail,
            visible_to,
            self.means.site.account,
        )

    @cached_property
    def templates(self) -> Templates:
        return Templates(
            TemplateStore(self.session),
            self.access,
            self.clock,
            self.trail,
            visible_to,
        )

    @cached_property
    def template_versions(self) -> TemplateVersions:
        return TemplateVersions(
            TemplateVersionStore(self.session),
            self.templates,
            self.repositories,
            self.access,
            self.trail,
            self.means.site.account,
        )

    @cached_property
    def template_deployments(self) -> Deployments:
        store, making = DeploymentStore(self.session), self._making
        return Deployments(
            store,
            self.template_versions,
            making,
            Showing(store, self.stacks, self.runs),
            Leaving(store, making.stacks, making.dependencies),
            self.access,
            self.means.vault,
            self.clock,
            self.trail,
            self.means.site.account,
        )

    @cached_property
    def _making(self) -> Making:
        """Return what alone changes the stacks of deployments."""
        neighbours = replace(self.stacks.neighbours, is_deployed=None)
        stacks = replace(self.stacks, neighbours=neighbours)
        furnishing = Furnishing(
            replace(self.stack_config, stacks=stacks),
            replace(self.stack_contexts, stacks=stacks),
            replace(self.stack_policies, stacks=stacks),
            replace(self.cloud_attachments, stacks=stacks),
            replace(self.schedules, stacks=stacks),
            replace(self.bindings, ensure_own=neighbours.ensure_own),
        )
        dependencies = replace(self.stack_dependencies, stacks=stacks)
        return Making(stacks, dependencies, furnishing, self.triggers)

    @cached_property
    def _run_store(self) -> RunStore:
        return RunStore(self.session)

    @cached_property
    def _progress(self) -> Progress:
        return Progress(self._run_store, self.stacks, self.hook_deliveries, self.outbox)

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
