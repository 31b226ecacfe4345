"""From a key and its secret, or an identity provider's word, to a token.

Lives as long as the process: an identity provider may have to be asked, and no
transaction waits for the network.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from stackyard.identity.errors import SubjectRefusedError, TooManyTriesError
from stackyard.identity.model import ApiKey, ApiKeyType, IssuedToken
from stackyard.identity.ports import OpenStores
from stackyard.identity.service.tries import Tries
from stackyard.identity.store import KeyStore
from stackyard.kernel.audit import Resource, ResourceType
from stackyard.kernel.caller import Place
from stackyard.kernel.clock import Clock
from stackyard.kernel.federation import ForeignTokens
from stackyard.kernel.ids import ApiKeyId
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.site import Site
from stackyard.kernel.tokens import Tokens

KEY_ISSUER: Final = "api-key"
LIFETIME: Final = timedelta(hours=10)


@dataclass(frozen=True, slots=True)
class Proven:
    """A key whose bearer has shown that it is theirs, and the groups they are in."""

    key: ApiKey
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyExchange:
    open_stores: OpenStores
    foreign_tokens: ForeignTokens
    tokens: Tokens
    site: Site
    clock: Clock

    @needs(Rule.WHO_ASKS)
    async def exchange(
        self, key_id: ApiKeyId, *, secret: str, place: Place
    ) -> IssuedToken | None:
        """Return a token for the key, or None if the two do not belong together.

        Anybody may ask: the secret is what counts, not who they are already. An
        address that gets it wrong too often is refused for a while, with an error; so
        is a token of an identity provider that is not for this key.
        """
        proven = await self.prove(key_id, secret=secret, place=place)
        return None if proven is None else self._issue(proven)

    @needs(Rule.WHO_ASKS)
    async def prove(
        self, key_id: ApiKeyId, *, secret: str, place: Place
    ) -> Proven | None:
        """Return the key if *secret* is its secret, or a token of its provider."""
        async with self.open_stores() as stores:
            tries = Tries.of(stores.sessions, key_id, place, at=self.clock())
            if await tries.exhausted():
                raise TooManyTriesError
            key = await stores.keys.find(key_id)
            if key is None or key.type is ApiKeyType.SECRET:
                if key is not None and key.opens_with(secret):
                    await self._note_use(stores.keys, key)
                    return Proven(key)
                await tries.count()
                if key is not None:
                    await stores.trail.note_failed_sign_in(
                        Resource(ResourceType.API_KEY, key.id), by=key.subject
                    )
                return None
        return await self._prove_by_provider(key, secret)

    async def _prove_by_provider(self, key: ApiKey, token: str) -> Proven:
        asked = key.issued_by()
        claims = await self.foreign_tokens.verify(token, asked.issuer, asked.client_id)
        if not key.admits(claims):
            raise SubjectRefusedError(api_key=key.id)
        async with self.open_stores() as stores:
            if await stores.keys.find(key.id) is None:  # it was deleted meanwhile
                raise SubjectRefusedError(api_key=key.id)
            await self._note_use(stores.keys, key)
        return Proven(key, key.groups_in(claims))

    async def _note_use(self, store: KeyStore, key: ApiKey) -> None:
        now = self.clock()
        if key.use_is_worth_noting(at=now):
            await store.note_use(key, at=now)

    def _issue(self, proven: Proven) -> IssuedToken:
        now, key = self.clock(), proven.key
        issued, until = int(now.timestamp()), int((now + LIFETIME).timestamp())
        claims: dict[str, object] = {
            "aud": self.site.base_url,
            "exp": until,
            "gen": key.generation,
            "iat": issued,
            "iss": KEY_ISSUER,
            "nbf": issued,
            "sub": key.id,
        }
        if proven.groups:
            claims["groups"] = list(proven.groups)
        return IssuedToken(key.id, self.tokens.sign(claims), until)
