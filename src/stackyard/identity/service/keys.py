from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from stackyard.identity.errors import AccountAdminOnlyError
from stackyard.identity.model import ApiKey, IssuedToken
from stackyard.identity.store import IdentityStore
from stackyard.kernel.access import SYSTEM, Access, Action, Subject
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import ROOT, ApiKeyId
from stackyard.kernel.site import Site
from stackyard.kernel.tokens import Tokens

KEY_ISSUER: Final = "api-key"
LIFETIME: Final = timedelta(hours=10)
DELETED_KEPT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ApiKeys:
    store: IdentityStore
    access: Access
    tokens: Tokens
    site: Site
    clock: Clock

    async def list(self, *, by: Subject) -> Sequence[ApiKey]:
        await self._require_administrator(by)
        return await self.store.list_keys()

    async def find(self, key_id: ApiKeyId, *, by: Subject) -> ApiKey | None:
        await self._require_administrator(by)
        return await self.store.find_key(key_id)

    async def create(
        self, *, name: str, admin: bool, by: Subject
    ) -> tuple[ApiKey, str]:
        """Return the key and its secret. The secret is shown this once."""
        await self._require_administrator(by)
        key, secret = ApiKey.create(
            name=name, admin=admin, creator=by.name, at=self.clock()
        )
        self.store.add_key(key)
        return key, secret

    async def delete(self, key_id: ApiKeyId, *, by: Subject) -> ApiKey | None:
        """End a key, and every token made with it, at once; None if there is none."""
        await self._require_administrator(by)
        key = await self.store.find_key(key_id)
        if key is not None:
            key.delete(at=self.clock())
        return key

    async def exchange(
        self, key_id: ApiKeyId, *, secret: str, by: Subject
    ) -> IssuedToken | None:
        """Return a token for the key, or None if the two do not belong together.

        Anybody may ask: the secret is what counts, not who they are already.
        """
        del by
        key = await self.store.find_key(key_id)
        if key is None or not key.opens_with(secret):
            return None
        now = self.clock()
        if key.use_is_worth_noting(at=now):
            await self.store.note_use(key, at=now)
        issued, until = int(now.timestamp()), int((now + LIFETIME).timestamp())
        claims = {
            "aud": self.site.base_url,
            "exp": until,
            "iat": issued,
            "iss": KEY_ISSUER,
            "nbf": issued,
            "sub": key.id,
        }
        return IssuedToken(key.id, self.tokens.sign(claims), until)

    async def forget_old(self, *, by: Subject = SYSTEM) -> int:
        """Remove what is over: sessions, counts of sign-ins, long-deleted keys."""
        await self._require_administrator(by)
        now = self.clock()
        return await self.store.forget_old(at=now, keys_before=now - DELETED_KEPT)

    async def _require_administrator(self, by: Subject) -> None:
        """Ask for the root space; that there is an account is no secret."""
        try:
            await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        except NotFoundError as error:
            raise AccountAdminOnlyError(subject=by.name) from error
