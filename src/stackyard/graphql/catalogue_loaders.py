"""What lists join in about Terraform providers and plugins."""

from functools import cached_property

from stackyard.graphql.batches import Batches
from stackyard.graphql.loader import Loader
from stackyard.kernel.ids import PluginTemplateId, ProviderId, ProviderVersionId
from stackyard.plugins import PluginTemplate
from stackyard.registry.providers import ProviderPlatform, ProviderVersion


class CatalogueLoaders(Batches):
    @cached_property
    def provider_versions(self) -> Loader[ProviderId, list[ProviderVersion]]:
        return self._loader(
            lambda u, keys: u.provider_versions.of(keys, by=self._by), lambda _: []
        )

    @cached_property
    def provider_platforms(self) -> Loader[ProviderVersionId, list[ProviderPlatform]]:
        return self._loader(
            lambda u, keys: u.provider_versions.platforms(keys), lambda _: []
        )

    @cached_property
    def plugin_templates(self) -> Loader[PluginTemplateId, PluginTemplate | None]:
        return self._loader(
            lambda u, keys: u.plugin_templates.some(keys, by=self._by), lambda _: None
        )
