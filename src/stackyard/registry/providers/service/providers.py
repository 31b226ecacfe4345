"""Use cases of Terraform providers: load, ask leave, decide, tell."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.events import Outbox
from stackyard.kernel.ids import ROOT, ProviderId, SpaceId
from stackyard.kernel.needs import needs
from stackyard.registry.providers.errors import (
    ProviderInUseError,
    ProviderNotFoundError,
    ProviderSpaceError,
    ProviderTypeTakenError,
)
from stackyard.registry.providers.model import ProviderSpec, TerraformProvider
from stackyard.registry.providers.ports import Neighbours
from stackyard.registry.providers.service.files import forget_files
from stackyard.registry.providers.store import ProviderStore, VersionStore


@dataclass(frozen=True, slots=True)
class TerraformProviders:
    store: ProviderStore
    versions: VersionStore
    access: Access
    outbox: Outbox
    clock: Clock
    neighbours: Neighbours
    trail: Trail

    @needs(Action.SPACE_READ)
    async def find(
        self, provider_id: ProviderId, *, by: Subject, lock: bool = False
    ) -> TerraformProvider | None:
        """Return the provider, or None if there is none that *by* may know of."""
        provider = await self.store.find(provider_id, lock=lock)
        try:
            # asked for a missing one as well: the answer must not tell them apart
            space = provider.space_id if provider else ROOT
            await self.access.require(by, Action.SPACE_READ, space=space)
        except NotFoundError:
            return None
        return provider

    @needs(Action.SPACE_READ)
    async def get(
        self, provider_id: ProviderId, *, by: Subject, lock: bool = False
    ) -> TerraformProvider:
        provider = await self.find(provider_id, by=by, lock=lock)
        if provider is None:
            raise ProviderNotFoundError(provider=provider_id)
        return provider

    @needs(Action.SPACE_READ)
    async def all(self, *, by: Subject) -> Sequence[TerraformProvider]:
        """Return every provider that *by* may read, by type."""
        return await self.store.all_in(self.neighbours.visible_spaces(by))

    @needs(Action.SPACE_READ)
    async def some(
        self, provider_ids: Collection[ProviderId], *, by: Subject
    ) -> dict[ProviderId, TerraformProvider]:
        """Return those of these providers that *by* may read."""
        spaces = self.neighbours.visible_spaces(by)
        return await self.store.some_of(provider_ids, spaces)

    @needs(Action.SPACE_ADMIN)
    async def count_in(self, space: SpaceId, *, by: Subject) -> int:
        """Return how many providers are in a space, to an administrator of it."""
        await self.access.require(by, Action.SPACE_ADMIN, space=space)
        return await self.store.count_in(space)

    @needs(Action.TERRAFORM_PROVIDER_CREATE)
    async def create(
        self, kind: str, spec: ProviderSpec, *, by: Subject
    ) -> TerraformProvider:
        """Make a provider; its type is its id, and never changes again."""
        await self._require_in(spec.space_id, by=by)
        provider = TerraformProvider.create(kind, spec, at=self.clock())
        if await self.store.find(provider.id) is not None:
            raise ProviderTypeTakenError(provider=provider.id)
        await self.store.add(provider)
        await self._note("create", provider, by=by)
        return provider

    @needs(Action.TERRAFORM_PROVIDER_UPDATE)
    async def update(
        self, provider_id: ProviderId, spec: ProviderSpec, *, by: Subject
    ) -> TerraformProvider:
        """Replace all settings but who sees it; moved, it must be allowed there."""
        provider = await self._change(
            provider_id, Action.TERRAFORM_PROVIDER_UPDATE, by=by
        )
        if spec.space_id != provider.space_id:
            await self._require_in(spec.space_id, by=by)
        provider.change(spec, at=self.clock())
        await self.store.write(provider)
        await self._note("update", provider, by=by)
        return provider

    @needs(Action.TERRAFORM_PROVIDER_SET_VISIBILITY)
    async def set_visibility(
        self, provider_id: ProviderId, *, public: bool, by: Subject
    ) -> TerraformProvider:
        """Open its published versions to everybody, or to readers only."""
        provider = await self._change(
            provider_id, Action.TERRAFORM_PROVIDER_SET_VISIBILITY, by=by
        )
        provider.show(public=public, at=self.clock())
        await self._note("set_visibility", provider, by=by)
        return provider

    @needs(Action.TERRAFORM_PROVIDER_DELETE)
    async def delete(
        self, provider_id: ProviderId, *, by: Subject
    ) -> TerraformProvider | None:
        """Delete it with its drafts and revoked versions; None if it is gone."""
        provider = await self.find(provider_id, by=by, lock=True)
        if provider is None:
            return None
        await self.access.require(
            by, Action.TERRAFORM_PROVIDER_DELETE, space=provider.space_id
        )
        old = await self.versions.lock_all(provider.id)
        published = [one.number for one in old if one.is_published]
        if published:
            raise ProviderInUseError(
                provider=provider.id, versions=", ".join(published)
            )
        platforms = await self.versions.platforms([one.id for one in old])
        await forget_files(self.outbox, old, platforms, at=self.clock())
        await self.store.remove(provider)
        await self._note("delete", provider, by=by)
        return provider

    async def _change(
        self, provider_id: ProviderId, action: Action, *, by: Subject
    ) -> TerraformProvider:
        provider = await self.get(provider_id, by=by, lock=True)
        await self.access.require(by, action, space=provider.space_id)
        return provider

    async def _require_in(self, space: SpaceId, *, by: Subject) -> None:
        try:
            await self.access.require(by, Action.TERRAFORM_PROVIDER_CREATE, space=space)
        except NotFoundError:
            raise ProviderSpaceError(space=space) from None

    async def _note(
        self, verb: str, provider: TerraformProvider, *, by: Subject
    ) -> None:
        await self.trail.note(
            f"terraform_provider.{verb}",
            Resource(ResourceType.TERRAFORM_PROVIDER, provider.id),
            space=provider.space_id,
            facts=provider.facts(),
            by=by,
        )
