"""What Terraform loads: published versions, of providers that the caller may use."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject, SubjectKind
from stackyard.kernel.errors import NotFoundError, UnauthorizedError
from stackyard.kernel.ids import ROOT, ProviderId, ProviderVersionId
from stackyard.kernel.needs import Rule, needs, note_asked
from stackyard.registry.providers.errors import (
    ProviderNotFoundError,
    ProviderVersionNotFoundError,
)
from stackyard.registry.providers.model import (
    GpgKey,
    ProviderPlatform,
    ProviderVersion,
    TerraformProvider,
)
from stackyard.registry.providers.ports import Neighbours
from stackyard.registry.providers.store import (
    GpgKeyStore,
    ProviderStore,
    VersionStore,
)


@dataclass(frozen=True, slots=True)
class Download:
    version: ProviderVersion
    platform: ProviderPlatform
    key: GpgKey


@dataclass(frozen=True, slots=True)
class ProviderDownloads:
    store: ProviderStore
    versions: VersionStore
    keys: GpgKeyStore
    access: Access
    neighbours: Neighbours

    @needs(Rule.ANYBODY, Rule.OWN_RUN, Action.SPACE_READ)
    async def available(
        self, provider_id: ProviderId, *, by: Subject
    ) -> Sequence[tuple[ProviderVersion, Sequence[ProviderPlatform]]]:
        """Return each published version, the oldest first, and what it is made for."""
        provider = await self._usable(provider_id, by)
        published = await self.versions.published(provider.id)
        made: dict[ProviderVersionId, list[ProviderPlatform]] = defaultdict(list)
        for platform in await self.versions.platforms([one.id for one in published]):
            made[platform.version_id].append(platform)
        return [(version, made[version.id]) for version in published]

    @needs(Rule.ANYBODY, Rule.OWN_RUN, Action.SPACE_READ)
    async def get(
        self,
        provider_id: ProviderId,
        number: str,
        system: tuple[str, str],
        *,
        by: Subject,
    ) -> Download:
        """Return what there is to load for a *system*: its name and architecture."""
        provider = await self._usable(provider_id, by)
        for version in await self.versions.published(provider.id, number):
            keys = await self.keys.some([version.signing_key_id])
            for platform in await self.versions.platforms([version.id]):
                if platform.system == system:
                    return Download(version, platform, keys[version.signing_key_id])
        raise ProviderVersionNotFoundError(provider=provider_id, version=number)

    async def _usable(self, provider_id: ProviderId, by: Subject) -> TerraformProvider:
        """Return the provider, or raise in the same words whether there is none."""
        provider = await self.store.find(provider_id)
        if provider is not None and provider.public:
            return provider
        if by.kind is SubjectKind.NOBODY:
            raise UnauthorizedError
        if provider is not None and await self._reaches(by, provider):
            return provider
        try:
            space = provider.space_id if provider else ROOT
            await self.access.require(by, Action.SPACE_READ, space=space)
        except NotFoundError:
            provider = None
        if provider is None:
            raise ProviderNotFoundError(provider=provider_id)
        return provider

    async def _reaches(self, by: Subject, provider: TerraformProvider) -> bool:
        """Whether *by* is a run whose project may use what is in that space."""
        if by.kind is not SubjectKind.RUN or by.stack_id is None:
            return False
        note_asked(Rule.OWN_RUN)
        space = await self.neighbours.space_of_project(by.stack_id)
        if space is None:
            return False
        reached = self.neighbours.reachable_from(space)
        return await self.store.is_in(provider.id, reached)
