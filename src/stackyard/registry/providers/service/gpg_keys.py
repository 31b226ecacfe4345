"""Use cases of the keys that versions are signed with: the account's administrators'.

A key that was revoked signs no new version; those that it signed stay as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import ROOT, GpgKeyId
from stackyard.kernel.needs import Rule, needs
from stackyard.registry.providers.errors import (
    GpgKeyAdminOnlyError,
    GpgKeyNotFoundError,
)
from stackyard.registry.providers.model import GpgKey
from stackyard.registry.providers.openpgp import read_public_key
from stackyard.registry.providers.store import GpgKeyStore


@dataclass(frozen=True, slots=True)
class GpgKeys:
    store: GpgKeyStore
    access: Access
    clock: Clock
    trail: Trail

    @needs(Rule.ACCOUNT_ADMIN)
    async def all(self, *, by: Subject) -> Sequence[GpgKey]:
        """Return all of them by name, also those that were revoked."""
        await self._require(by)
        return await self.store.all()

    @needs(Rule.ACCOUNT_ADMIN)
    async def create(self, name: str, armor: str, *, by: Subject) -> GpgKey:
        """Keep the public half of an armored key, whichever half was sent."""
        await self._require(by)
        key = GpgKey.create(name, read_public_key(armor), by=by, at=self.clock())
        await self.store.add(key)
        await self._note("create", key, by=by)
        return key

    @needs(Rule.ACCOUNT_ADMIN)
    async def revoke(self, key_id: GpgKeyId, *, by: Subject) -> GpgKey:
        """Revoke it for good; a second time changes nothing."""
        await self._require(by)
        key = await self.store.find(key_id, lock=True)
        if key is None:
            raise GpgKeyNotFoundError(key=key_id)
        if key.revoke(by=by, at=self.clock()):
            await self._note("revoke", key, by=by)
        return key

    async def _require(self, by: Subject) -> None:
        """Ask for the root space; that there are keys is no secret."""
        try:
            await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        except NotFoundError as error:
            raise GpgKeyAdminOnlyError(subject=by.name) from error

    async def _note(self, verb: str, key: GpgKey, *, by: Subject) -> None:
        await self.trail.note(
            f"gpg_key.{verb}",
            Resource(ResourceType.GPG_KEY, key.id),
            facts=key.facts(),
            by=by,
        )
