"""Use cases of a provider's versions. What is uploaded for them comes by links."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.events import Outbox
from stackyard.kernel.ids import GpgKeyId, ProviderId, ProviderVersionId
from stackyard.kernel.needs import Rule, needs
from stackyard.registry.providers.errors import (
    GpgKeyProblemsError,
    ProviderVersionNotFoundError,
    UploadUnexpectedError,
    VersionProblemsError,
)
from stackyard.registry.providers.model import (
    Awaited,
    GpgKey,
    PlatformSpec,
    ProviderPlatform,
    ProviderVersion,
    ProviderVersionSpec,
    ProviderVersionStatus,
    TerraformProvider,
    Uploaded,
)
from stackyard.registry.providers.model.publication import (
    awaited_of,
    publication_problems,
)
from stackyard.registry.providers.model.version import MOST_PLATFORMS
from stackyard.registry.providers.service.files import forget, forget_files
from stackyard.registry.providers.service.providers import TerraformProviders
from stackyard.registry.providers.store import GpgKeyStore, VersionStore

_DRAFT = ProviderVersionStatus.DRAFT
_UPDATE = Action.TERRAFORM_PROVIDER_VERSION_UPDATE


@dataclass(frozen=True, slots=True)
class ProviderVersions:
    store: VersionStore
    keys: GpgKeyStore
    providers: TerraformProviders
    access: Access
    outbox: Outbox
    clock: Clock
    trail: Trail

    @needs(Action.SPACE_READ)
    async def of(
        self, provider_ids: Collection[ProviderId], *, by: Subject
    ) -> dict[ProviderId, list[ProviderVersion]]:
        """Return the versions of those of these that *by* may read, newest first."""
        readable = await self.providers.some(provider_ids, by=by)
        found: dict[ProviderId, list[ProviderVersion]] = defaultdict(list)
        for version in await self.store.of(list(readable)):
            found[version.provider_id].append(version)
        return dict(found)

    @needs(Rule.PARENT)
    async def platforms(
        self, version_ids: Collection[ProviderVersionId]
    ) -> dict[ProviderVersionId, list[ProviderPlatform]]:
        found: dict[ProviderVersionId, list[ProviderPlatform]] = defaultdict(list)
        for platform in await self.store.platforms(version_ids):
            found[platform.version_id].append(platform)
        return dict(found)

    @needs(Action.TERRAFORM_PROVIDER_VERSION_CREATE)
    async def create(
        self, provider_id: ProviderId, spec: ProviderVersionSpec, *, by: Subject
    ) -> ProviderVersion:
        """Announce a draft. Its number was never that of another of the provider's."""
        provider = await self.providers.get(provider_id, by=by, lock=True)
        await self.access.require(
            by, Action.TERRAFORM_PROVIDER_VERSION_CREATE, space=provider.space_id
        )
        version = ProviderVersion.create(provider.id, spec, at=self.clock())
        if (await self._key(spec.signing_key_id)).revoked:
            raise GpgKeyProblemsError("the GPG key was revoked: it signs nothing new")
        await self.store.add(version)
        await self._note("create", version, provider, by=by)
        return version

    @needs(Action.TERRAFORM_PROVIDER_VERSION_UPDATE)
    async def describe(
        self, version_id: ProviderVersionId, text: str, *, by: Subject
    ) -> ProviderVersion:
        version, provider = await self._change(version_id, _UPDATE, by=by)
        version.describe(text, at=self.clock())
        await self._note("update", version, provider, by=by)
        return version

    @needs(Action.TERRAFORM_PROVIDER_VERSION_REGISTER_PLATFORM)
    async def register(
        self, version_id: ProviderVersionId, spec: PlatformSpec, *, by: Subject
    ) -> ProviderPlatform:
        """Announce an archive, in the place of one for the same system."""
        version, provider = await self._change(
            version_id, Action.TERRAFORM_PROVIDER_VERSION_REGISTER_PLATFORM, by=by
        )
        platform = version.register(spec)
        before = {one.system: one for one in await self.store.platforms([version.id])}
        old = before.pop(platform.system, None)
        if len(before) >= MOST_PLATFORMS:
            raise VersionProblemsError(
                f"at most {MOST_PLATFORMS} platforms in a version"
            )
        kept = {platform, *before.values()}
        if old and old.archive_checksum not in {one.archive_checksum for one in kept}:
            await forget(self.outbox, version.id, old.archive_checksum, at=self.clock())
        await self.store.put(platform)
        await self._note("register_platform", version, provider, by=by)
        return platform

    @needs(Rule.PLATFORM)
    async def expect(
        self, version_id: ProviderVersionId, checksum: str, *, by: Subject
    ) -> None:
        """Raise unless the draft waits for a file of that checksum."""
        version = await self.store.find(version_id)
        if version is None or version.status is not _DRAFT:
            raise UploadUnexpectedError
        if not await self.names(version_id, checksum, by=by):
            raise UploadUnexpectedError

    @needs(Rule.PLATFORM)
    async def names(
        self, version_id: ProviderVersionId, checksum: str, *, by: Subject
    ) -> bool:
        """Whether the version has, or waits for, a file of that checksum."""
        del by  # whoever has the link; the platform asks in their stead
        version = await self.store.find(version_id)
        if version is None:
            return False
        platforms = await self.store.platforms([version.id])
        return checksum == version.documents_checksum or checksum in awaited_of(
            version, platforms
        )

    @needs(Action.TERRAFORM_PROVIDER_VERSION_PUBLISH)
    async def awaited(self, version_id: ProviderVersionId, *, by: Subject) -> Awaited:
        """Return what must have been uploaded before the draft is published."""
        version, _ = await self._change(
            version_id, Action.TERRAFORM_PROVIDER_VERSION_PUBLISH, by=by
        )
        version.require(_DRAFT, verb="published")
        return awaited_of(version, await self.store.platforms([version.id]))

    @needs(Action.TERRAFORM_PROVIDER_VERSION_PUBLISH)
    async def publish(
        self, version_id: ProviderVersionId, uploaded: Uploaded, *, by: Subject
    ) -> ProviderVersion:
        """Serve it from now on, if all of it is there and its key has signed it."""
        version, provider = await self._change(
            version_id, Action.TERRAFORM_PROVIDER_VERSION_PUBLISH, by=by
        )
        version.publish(at=self.clock())
        platforms = await self.store.platforms([version.id])
        key = await self._key(version.signing_key_id)
        problems = publication_problems(version, platforms, key, uploaded)
        if problems:
            raise VersionProblemsError(*problems)
        await self._note("publish", version, provider, by=by)
        return version

    @needs(Action.TERRAFORM_PROVIDER_VERSION_REVOKE)
    async def revoke(
        self, version_id: ProviderVersionId, *, by: Subject
    ) -> ProviderVersion:
        """Serve it no longer. It stays listed, and its number taken."""
        version, provider = await self._change(
            version_id, Action.TERRAFORM_PROVIDER_VERSION_REVOKE, by=by
        )
        version.revoke(at=self.clock())
        await self._note("revoke", version, provider, by=by)
        return version

    @needs(Action.TERRAFORM_PROVIDER_VERSION_DELETE)
    async def delete(
        self, version_id: ProviderVersionId, *, by: Subject
    ) -> ProviderVersion | None:
        """Delete a draft; None if it is gone."""
        version, provider = await self._find(version_id, by=by)
        if version is None or provider is None:
            return None
        await self.access.require(
            by, Action.TERRAFORM_PROVIDER_VERSION_DELETE, space=provider.space_id
        )
        version.require(_DRAFT, verb="deleted")
        platforms = await self.store.platforms([version.id])
        await forget_files(self.outbox, [version], platforms, at=self.clock())
        await self.store.remove(version)
        await self._note("delete", version, provider, by=by)
        return version

    @needs(Action.TERRAFORM_PROVIDER_VERSION_UPDATE)
    async def expect_documents(
        self, version_id: ProviderVersionId, *, by: Subject
    ) -> None:
        version, _ = await self._change(version_id, _UPDATE, by=by)
        version.require_documentable()

    @needs(Action.TERRAFORM_PROVIDER_VERSION_UPDATE)
    async def document(
        self, version_id: ProviderVersionId, checksum: str, *, by: Subject
    ) -> ProviderVersion:
        """Have the documents of that checksum, which lie in the object store."""
        version, provider = await self._change(version_id, _UPDATE, by=by)
        before = version.document(checksum, at=self.clock())
        if before is not None:
            await forget(self.outbox, version.id, before, at=self.clock())
        await self._note("upload_docs", version, provider, by=by)
        return version

    async def _key(self, key_id: GpgKeyId) -> GpgKey:
        key = await self.keys.find(key_id)
        if key is None:
            raise GpgKeyProblemsError("there is no such GPG key")
        return key

    async def _find(
        self, version_id: ProviderVersionId, *, by: Subject
    ) -> tuple[ProviderVersion | None, TerraformProvider | None]:
        """Return the version, locked, and its provider, if *by* may know of it."""
        version = await self.store.find(version_id, lock=True)
        of = version.provider_id if version else ProviderId("")
        return version, await self.providers.find(of, by=by)

    async def _change(
        self, version_id: ProviderVersionId, action: Action, *, by: Subject
    ) -> tuple[ProviderVersion, TerraformProvider]:
        version, provider = await self._find(version_id, by=by)
        if version is None or provider is None:
            raise ProviderVersionNotFoundError(version=version_id)
        await self.access.require(by, action, space=provider.space_id)
        return version, provider

    async def _note(
        self,
        verb: str,
        version: ProviderVersion,
        provider: TerraformProvider,
        *,
        by: Subject,
    ) -> None:
        await self.trail.note(
            f"terraform_provider_version.{verb}",
            Resource(ResourceType.TERRAFORM_PROVIDER_VERSION, version.id),
            related=Resource(ResourceType.TERRAFORM_PROVIDER, provider.id),
            space=provider.space_id,
            facts=version.facts(),
            by=by,
        )
