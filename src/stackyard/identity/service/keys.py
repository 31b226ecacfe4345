"""Use cases of API keys: they hold for the account, so its administrators make them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from stackyard.identity.errors import AccountAdminOnlyError, ApiKeyNotFoundError
from stackyard.identity.model import ApiKey, IssuedBy
from stackyard.identity.ports import KeyRoles, MaySeePeople
from stackyard.identity.store import KeyStore, SessionStore
from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import ROOT, ApiKeyId
from stackyard.kernel.needs import Rule, needs

DELETED_KEPT: Final = timedelta(days=30)
Claims = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key with what is shown of it once. A key of the type OIDC has no secrets."""

    key: ApiKey
    secret: str | None = field(default=None, repr=False)
    registry_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ApiKeys:
    store: KeyStore
    sessions: SessionStore
    access: Access
    roles: KeyRoles
    may_see: MaySeePeople
    clock: Clock
    trail: Trail

    @needs(Rule.ANY_SPACE_ADMIN)
    async def all(self, *, by: Subject) -> Sequence[ApiKey]:
        """Return the keys, to those who may see whom they could give roles."""
        return await self.store.list() if await self.may_see(by) else []

    @needs(Rule.ANY_SPACE_ADMIN)
    async def find(self, key_id: ApiKeyId, *, by: Subject) -> ApiKey | None:
        return await self.store.find(key_id) if await self.may_see(by) else None

    @needs(Rule.ACCOUNT_ADMIN)
    async def create(
        self,
        *,
        name: str,
        admin: bool,
        by: Subject,
        teams: list[str] | None = None,
        oidc: IssuedBy | None = None,
        claim_mapping: Claims | None = None,
    ) -> NewKey:
        """Make a key; with *admin* it is given the role of an administrator in root."""
        await self._require_administrator(by)
        key, secret = ApiKey.create(
            name=name,
            creator=by.name,
            at=self.clock(),
            teams=teams,
            oidc=oidc,
            claim_mapping=claim_mapping,
        )
        token = key.new_registry_token() if secret is not None else None
        await self.store.add(key)
        await self._note("create", key, by=by)
        if admin:
            await self.roles.make_account_admin(key.id, by=by)
        return NewKey(key, secret, token)

    @needs(Rule.ACCOUNT_ADMIN)
    async def update(
        self,
        key_id: ApiKeyId,
        *,
        by: Subject,
        name: str | None = None,
        teams: list[str] | None = None,
        description: str | None = None,
        claim_mapping: Claims | None = None,
    ) -> ApiKey:
        """Change what is given. Other groups end what the key was exchanged for."""
        key = await self._get(key_id, by=by)
        before = (list(key.teams), list(key.claim_mapping))
        key.change(
            name=name,
            teams=teams,
            description=description,
            claim_mapping=claim_mapping,
        )
        if (key.teams, key.claim_mapping) != before:
            await self._end_derived(key)
        await self._note("update", key, by=by)
        return key

    @needs(Rule.ACCOUNT_ADMIN)
    async def rotate(self, key_id: ApiKeyId, *, by: Subject) -> NewKey:
        """Give the key other secrets; whatever came of the old ones ends at once."""
        key = await self._get(key_id, by=by)
        secret, token = key.rotate()
        await self._end_derived(key)
        await self._note("rotate", key, by=by)
        return NewKey(key, secret, token)

    @needs(Rule.ACCOUNT_ADMIN)
    async def delete(self, key_id: ApiKeyId, *, by: Subject) -> ApiKey | None:
        """End a key, and every token made with it, at once; None if there is none."""
        await self._require_administrator(by)
        key = await self.store.find(key_id, lock=True)
        if key is not None:
            key.delete(at=self.clock())
            await self._end_derived(key)
            await self.roles.take_all(key.id, by=by)
            await self._note("delete", key, by=by)
        return key

    @needs(Rule.PLATFORM)
    async def forget_old(self, *, by: Subject) -> int:
        """Remove what is over: sessions, counts of sign-ins, long-deleted keys."""
        del by
        now = self.clock()
        removed = await self.sessions.forget_old(at=now)
        return removed + await self.store.forget_deleted(before=now - DELETED_KEPT)

    async def _note(self, verb: str, key: ApiKey, *, by: Subject) -> None:
        await self.trail.note(
            f"api_key.{verb}",
            Resource(ResourceType.API_KEY, key.id),
            facts={"ID": key.id, "Name": key.name},
            by=by,
        )

    async def _get(self, key_id: ApiKeyId, *, by: Subject) -> ApiKey:
        await self._require_administrator(by)
        key = await self.store.find(key_id, lock=True)
        if key is None:
            raise ApiKeyNotFoundError(api_key=key_id)
        return key

    async def _end_derived(self, key: ApiKey) -> None:
        key.generation += 1
        await self.sessions.end_of(key=key.id)

    async def _require_administrator(self, by: Subject) -> None:
        await require_administrator(self.access, by)


async def require_administrator(access: Access, by: Subject) -> None:
    """Ask for the root space; that there is an account is no secret."""
    try:
        await access.require(by, Action.SPACE_ADMIN, space=ROOT)
    except NotFoundError as error:
        raise AccountAdminOnlyError(subject=by.name) from error
