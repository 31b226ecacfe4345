"""What is fetched in batches, whoever asks for it one by one.

A set of loaders lives as long as one request, so nothing is cached across requests.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from stackyard.blueprints import TemplateFacts
from stackyard.graphql.batches import grouped, nothing
from stackyard.graphql.catalogue_loaders import CatalogueLoaders
from stackyard.graphql.chain_loaders import ChainLoaders
from stackyard.graphql.cloud_loaders import CloudLoaders
from stackyard.graphql.context_loaders import ContextLoaders
from stackyard.graphql.loader import Loader
from stackyard.graphql.run_loaders import RunLoaders
from stackyard.graphql.source_loaders import SourceLoaders
from stackyard.identity import SecurityKey, User, UserGroup
from stackyard.kernel.access import Level
from stackyard.kernel.ids import (
    GroupId,
    PolicyId,
    PoolId,
    RoleId,
    SpaceId,
    StackId,
    TemplateId,
    UserId,
    VersionId,
)
from stackyard.modules import ModuleShare, ModuleVersion
from stackyard.spaces import HolderKind, Role, RoleBinding, Space, SpaceNotFoundError
from stackyard.stacks import (
    AttachedPolicy,
    ConfigElement,
    Module,
    PolicyCounts,
    Stack,
)
from stackyard.state import StackOutput, StackResource, StateVersion
from stackyard.unit import Unit
from stackyard.workers import Pool, PoolCounts, Worker

K = TypeVar("K")
V = TypeVar("V")
Rule: TypeAlias = tuple[SpaceId, Level]


class Loaders(
    SourceLoaders,
    CatalogueLoaders,
    ChainLoaders,
    CloudLoaders,
    ContextLoaders,
    RunLoaders,
):
    """Everything that lists of the graph join in."""

    def state_versions(
        self, before: str | None
    ) -> Loader[StackId, list[StateVersion] | None]:
        """Return what loads one page of each stack's states; None: not allowed."""
        made: Loader[StackId, list[StateVersion] | None] = self._pages.setdefault(
            ("states", before),
            self._loader(
                lambda u, keys: u.states.versions(keys, before=before, by=self._by),
                nothing,
            ),
        )
        return made

    @cached_property
    def stack_config(self) -> Loader[StackId, list[ConfigElement]]:
        return self._loader(
            lambda u, keys: u.stack_config.of(keys, by=self._by), lambda _: []
        )

    @cached_property
    def stack_elements(self) -> Loader[tuple[StackId, str], ConfigElement | None]:
        return self._loader(
            lambda u, keys: u.stack_config.some(keys, by=self._by), nothing
        )

    @cached_property
    def template_facts(self) -> Loader[TemplateId, TemplateFacts]:
        return self._loader(
            lambda u, keys: u.templates.facts(keys, by=self._by),
            lambda _: TemplateFacts(),
        )

    @cached_property
    def attached_policies(self) -> Loader[StackId, list[AttachedPolicy]]:
        return self._loader(
            lambda u, keys: u.stack_policies.of(keys, by=self._by), lambda _: []
        )

    @cached_property
    def policy_counts(self) -> Loader[PolicyId, PolicyCounts]:
        return self._loader(
            lambda u, keys: u.stack_policies.counts(keys, by=self._by),
            lambda _: PolicyCounts(),
        )

    @cached_property
    def stacks_with(self) -> Loader[PolicyId, list[AttachedPolicy]]:
        return self._loader(
            lambda u, keys: u.stack_policies.having(keys, by=self._by), lambda _: []
        )

    @cached_property
    def policies_by_hand(
        self,
    ) -> Loader[tuple[PolicyId, StackId], AttachedPolicy | None]:
        return self._loader(
            lambda u, keys: u.stack_policies.by_hand(keys, by=self._by), nothing
        )

    @cached_property
    def writable(self) -> Loader[SpaceId, bool]:
        return self._loader(
            lambda u, keys: u.stacks.writable(keys, by=self._by), lambda _: False
        )

    @cached_property
    def pool_tokens(self) -> Loader[PoolId, str]:
        return self._loader(
            lambda u, keys: u.pools.tokens(keys, by=self._by), lambda _: ""
        )

    @cached_property
    def stacks(self) -> Loader[StackId, Stack | None]:
        return self._loader(lambda u, keys: u.stacks.some(keys, by=self._by), nothing)

    @cached_property
    def modules(self) -> Loader[StackId, Module | None]:
        return self._loader(lambda u, keys: u.modules.some(keys, by=self._by), nothing)

    @cached_property
    def module_shares(self) -> Loader[StackId, list[ModuleShare]]:
        return self._loader(
            lambda u, keys: u.modules.shares(keys, by=self._by), lambda _: []
        )

    @cached_property
    def versions(self) -> Loader[StackId, list[ModuleVersion]]:
        return self._loader(
            lambda u, keys: u.versions.of(keys, by=self._by), lambda _: []
        )

    @cached_property
    def current_versions(self) -> Loader[StackId, ModuleVersion | None]:
        return self._loader(
            lambda u, keys: u.versions.current(keys, by=self._by), nothing
        )

    @cached_property
    def version_counts(self) -> Loader[StackId, int]:
        return self._loader(
            lambda u, keys: u.versions.counts(keys, by=self._by), lambda _: 0
        )

    @cached_property
    def version_descriptions(self) -> Loader[VersionId, dict[str, Any] | None]:
        return self._loader(
            lambda u, keys: u.versions.descriptions(keys, by=self._by), nothing
        )

    @cached_property
    def consumers(self) -> Loader[VersionId, list[Stack]]:
        return self._loader(
            lambda u, keys: u.versions.consumers(keys, by=self._by), lambda _: []
        )

    @cached_property
    def versions_used(self) -> Loader[StackId, list[ModuleVersion]]:
        return self._loader(
            lambda u, keys: u.versions.used(keys, by=self._by), lambda _: []
        )

    @cached_property
    def pools(self) -> Loader[PoolId, Pool | None]:
        return self._loader(lambda u, keys: u.pools.some(keys, by=self._by), nothing)

    @cached_property
    def pool_counts(self) -> Loader[PoolId, PoolCounts]:
        return self._loader(
            lambda u, keys: u.pools.counts(keys, by=self._by), lambda _: PoolCounts()
        )

    @cached_property
    def workers(self) -> Loader[PoolId, list[Worker]]:
        async def ask(
            unit: Unit, keys: Sequence[PoolId]
        ) -> Mapping[PoolId, list[Worker]]:
            found = await unit.workers.of(keys, by=self._by)
            return grouped((worker.pool_id, worker) for worker in found)

        return self._loader(ask, lambda _: [])

    @cached_property
    def spaces(self) -> Loader[SpaceId, Space]:
        async def ask(unit: Unit, _keys: Sequence[SpaceId]) -> Mapping[SpaceId, Space]:
            return {one.id: one for one in await unit.spaces.list(by=self._by)}

        return self._loader(ask, _no_space)

    @cached_property
    def known_spaces(self) -> Loader[SpaceId, Space | None]:
        async def ask(unit: Unit, _keys: Sequence[SpaceId]) -> Mapping[SpaceId, Space]:
            return {one.id: one for one in await unit.spaces.list(by=self._by)}

        return self._loader(ask, nothing)

    @cached_property
    def space_levels(self) -> Loader[SpaceId, Level]:
        return self._loader(
            lambda u, keys: u.spaces.levels(keys, by=self._by), lambda _: Level.NONE
        )

    @cached_property
    def roles(self) -> Loader[RoleId, Role | None]:
        return self._loader(lambda u, keys: u.roles.some(keys, by=self._by), nothing)

    @cached_property
    def role_counts(self) -> Loader[RoleId, int]:
        return self._loader(
            lambda u, keys: u.roles.counts(keys, by=self._by), lambda _: 0
        )

    @cached_property
    def users(self) -> Loader[UserId, User | None]:
        return self._loader(lambda u, keys: u.people.some(keys, by=self._by), nothing)

    @cached_property
    def groups(self) -> Loader[GroupId, UserGroup | None]:
        return self._loader(lambda u, keys: u.groups.some(keys, by=self._by), nothing)

    @cached_property
    def security_keys(self) -> Loader[UserId, list[SecurityKey]]:
        async def ask(
            unit: Unit, keys: Sequence[UserId]
        ) -> Mapping[UserId, list[SecurityKey]]:
            found = await unit.people.security_keys(keys, by=self._by)
            return grouped((key.user_id, key) for key in found)

        return self._loader(ask, lambda _: [])

    def _bindings(self, kind: HolderKind) -> Loader[str, list[RoleBinding]]:
        return self._loader(
            lambda u, keys: u.bindings.of(kind, keys, by=self._by), lambda _: []
        )

    def _rules(self, kind: HolderKind) -> Loader[str, list[Rule]]:
        return self._loader(
            lambda u, keys: u.bindings.rules(kind, keys, by=self._by), lambda _: []
        )

    @cached_property
    def key_bindings(self) -> Loader[str, list[RoleBinding]]:
        return self._bindings(HolderKind.API_KEY)

    @cached_property
    def user_bindings(self) -> Loader[str, list[RoleBinding]]:
        return self._bindings(HolderKind.USER)

    @cached_property
    def group_bindings(self) -> Loader[str, list[RoleBinding]]:
        return self._bindings(HolderKind.GROUP)

    @cached_property
    def stack_bindings(self) -> Loader[str, list[RoleBinding]]:
        return self._bindings(HolderKind.STACK)

    @cached_property
    def key_rules(self) -> Loader[str, list[Rule]]:
        return self._rules(HolderKind.API_KEY)

    @cached_property
    def user_rules(self) -> Loader[str, list[Rule]]:
        return self._rules(HolderKind.USER)

    @cached_property
    def group_rules(self) -> Loader[str, list[Rule]]:
        return self._rules(HolderKind.GROUP)

    @cached_property
    def outputs(self) -> Loader[StackId, list[StackOutput]]:
        async def ask(
            unit: Unit, keys: Sequence[StackId]
        ) -> Mapping[StackId, list[StackOutput]]:
            found = await unit.states.outputs(keys, by=self._by)
            return grouped((output.stack_id, output) for output in found)

        return self._loader(ask, lambda _: [])

    @cached_property
    def resources(self) -> Loader[StackId, list[StackResource]]:
        async def ask(
            unit: Unit, keys: Sequence[StackId]
        ) -> Mapping[StackId, list[StackResource]]:
            found = await unit.states.resources(keys, by=self._by)
            return grouped((resource.stack_id, resource) for resource in found)

        return self._loader(ask, lambda _: [])


def _no_space(space_id: SpaceId) -> Space:
    raise SpaceNotFoundError(space=space_id)
