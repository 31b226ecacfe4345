"""What people put on a shelf for runs to take: Terraform providers, plugins.

The middle of `unit.Unit`; nobody opens it alone.
"""

from dataclasses import dataclass
from functools import cached_property

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import SpaceId, StackId
from stackyard.plugins import (
    Plugins,
    PluginStore,
    PluginTemplates,
    PluginTemplateStore,
)
from stackyard.registry.providers import (
    GpgKeys,
    GpgKeyStore,
    Neighbours,
    ProviderDownloads,
    ProviderStore,
    ProviderVersions,
    TerraformProviders,
    VersionStore,
)
from stackyard.spaces import reachable_from, visible_to
from stackyard.surroundings import Surroundings


@dataclass(frozen=True)
class Catalogue(Surroundings):
    @cached_property
    def gpg_keys(self) -> GpgKeys:
        return GpgKeys(GpgKeyStore(self.session), self.access, self.clock, self.trail)

    @cached_property
    def terraform_providers(self) -> TerraformProviders:
        return TerraformProviders(
            ProviderStore(self.session),
            VersionStore(self.session),
            self.access,
            self.outbox,
            self.clock,
            self._around_providers,
            self.trail,
        )

    @cached_property
    def provider_versions(self) -> ProviderVersions:
        return ProviderVersions(
            VersionStore(self.session),
            GpgKeyStore(self.session),
            self.terraform_providers,
            self.access,
            self.outbox,
            self.clock,
            self.trail,
        )

    @cached_property
    def provider_downloads(self) -> ProviderDownloads:
        return ProviderDownloads(
            ProviderStore(self.session),
            VersionStore(self.session),
            GpgKeyStore(self.session),
            self.access,
            self._around_providers,
        )

    @cached_property
    def plugin_templates(self) -> PluginTemplates:
        return PluginTemplates(
            PluginTemplateStore(self.session), self.access, self.clock, self.trail
        )

    @cached_property
    def plugins(self) -> Plugins:
        return Plugins(
            PluginStore(self.session),
            self.plugin_templates,
            self.access,
            self.means.vault,
            self.clock,
            visible_to,
            self.trail,
        )

    @property
    def _around_providers(self) -> Neighbours:
        return Neighbours(visible_to, reachable_from, self._space_of_project)

    async def _space_of_project(self, project_id: StackId) -> SpaceId | None:
        project = await self.stacks.find_project(project_id, by=SYSTEM)
        return None if project is None else project.space_id

    async def _things_in(self, space: SpaceId) -> list[tuple[str, int]]:
        return [
            *await super()._things_in(space),
            (
                "Terraform provider",
                await self.terraform_providers.count_in(space, by=SYSTEM),
            ),
            ("plugin", await self.plugins.count_in(space, by=SYSTEM)),
        ]
