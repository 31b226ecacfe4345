"""What lists join in about where code is kept."""

from functools import cached_property

from stackyard.graphql.batches import Batches
from stackyard.graphql.loader import Loader
from stackyard.kernel.ids import RepoId, StackId
from stackyard.vcs import IntegrationLink, NamedIntegration


class SourceLoaders(Batches):
    @cached_property
    def vcs_links(self) -> Loader[NamedIntegration, IntegrationLink | None]:
        return self._loader(
            lambda u, keys: u.vcs_integrations.links(keys, by=self._by), lambda _: None
        )

    @cached_property
    def stacks_in(self) -> Loader[RepoId, list[StackId]]:
        return self._loader(
            lambda u, keys: u.stack_sources.of_repositories(keys, by=self._by),
            lambda _: [],
        )
