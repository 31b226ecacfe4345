"""From what a request carries to who is asking.

Lives as long as the process and opens its own short transactions, since it is asked
before there is a unit of work. It is where subjects come from, so it takes none.
"""

from dataclasses import dataclass
from typing import Any, Final

from stackyard.identity.errors import CredentialsError, RunEndedError
from stackyard.identity.model import ApiKey
from stackyard.identity.model.keys import REGISTRY_PREFIX
from stackyard.identity.ports import FindPassport, OpenStores
from stackyard.identity.service.exchange import KEY_ISSUER
from stackyard.identity.service.run_tokens import RUN_ISSUER
from stackyard.identity.service.sessions import PERSON_ISSUER, Sessions
from stackyard.identity.service.subjects import of_run
from stackyard.identity.store import Stores
from stackyard.kernel.access import Subject
from stackyard.kernel.ids import ApiKeyId, RunId, SessionId
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.site import Site
from stackyard.kernel.tokens import TokenError, Tokens

_ISSUERS: Final = frozenset({KEY_ISSUER, PERSON_ISSUER, RUN_ISSUER})
_JWT_DOTS: Final = 2


@dataclass(frozen=True, slots=True)
class Authenticator:
    open_stores: OpenStores
    sessions: Sessions
    tokens: Tokens
    site: Site
    find_passport: FindPassport

    @needs(Rule.WHO_ASKS)
    async def bearer(self, token: str) -> Subject:
        """Return whose token it is, or raise `UnauthorizedError`.

        A signature is not enough: the key, or the session, must still be there, the
        run still going.
        """
        if token.startswith(REGISTRY_PREFIX):
            return await self._registry(token)
        claims = self.tokens.verify(
            token, audience=self.site.base_url, issuers=_ISSUERS
        )
        subject = claims.get("sub")
        if not isinstance(subject, str):
            raise TokenError(reason="it has no subject")
        match claims["iss"]:
            case issuer if issuer == RUN_ISSUER:
                return await self._run(subject, claims)
            case issuer if issuer == PERSON_ISSUER:
                return await self._person(claims)
            case _:
                return await self._key(ApiKeyId(subject), claims)

    @needs(Rule.WHO_ASKS)
    async def basic(self, user: str, password: str) -> Subject:
        """Return whose credentials these are, or raise `UnauthorizedError`.

        For tools that only know a name and a password, such as git: an API key's id
        and secret, or any name with a token as the password.
        """
        if password.count(".") == _JWT_DOTS or password.startswith(REGISTRY_PREFIX):
            return await self.bearer(password)
        async with self.open_stores() as stores:
            key = await stores.keys.find(ApiKeyId(user))
            if key is None or not key.opens_with(password):
                raise CredentialsError
            return await self._used(stores, key)

    async def _key(self, key_id: ApiKeyId, claims: dict[str, Any]) -> Subject:
        async with self.open_stores() as stores:
            key = await stores.keys.find(key_id)
            if key is None or claims.get("gen") != key.generation:
                raise CredentialsError
            groups = claims.get("groups", [])
            return await self._used(stores, key, tuple(groups))

    async def _registry(self, token: str) -> Subject:
        key_id = token.removeprefix(REGISTRY_PREFIX).partition("_")[0]
        async with self.open_stores() as stores:
            key = await stores.keys.find(ApiKeyId(key_id))
            if key is None or not key.opens_registry_with(token):
                raise CredentialsError
            return await self._used(stores, key)

    async def _used(
        self, stores: Stores, key: ApiKey, groups: tuple[str, ...] = ()
    ) -> Subject:
        now = self.sessions.clock()
        if key.use_is_worth_noting(at=now):
            await stores.keys.note_use(key, at=now)
        return await self.sessions.subjects.of_key(stores, key, groups)

    async def _person(self, claims: dict[str, Any]) -> Subject:
        session_id = claims.get("jti")
        if not isinstance(session_id, str):
            raise TokenError(reason="it has no id")
        return await self.sessions.of_command_line(SessionId(session_id))

    async def _run(self, subject: str, claims: dict[str, Any]) -> Subject:
        stack_id, separator, run_id = subject.rpartition("/")
        if not separator or not stack_id or not run_id:
            raise TokenError(reason="its subject is odd")
        passport = await self.find_passport(RunId(run_id))
        if passport is None or passport.leg_id != claims.get("jti"):
            raise RunEndedError(run=run_id)
        if passport.stack_id != stack_id:
            raise TokenError(reason="its stack and its run do not belong together")
        return of_run(RunId(run_id), passport)
