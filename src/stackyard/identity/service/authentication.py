"""From what a request carries to who is asking.

Lives as long as the process and opens its own short transactions, since it is asked
before there is a unit of work. It is where subjects come from, so it takes none.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from stackyard.identity.errors import CredentialsError, RunEndedError
from stackyard.identity.model import ApiKey
from stackyard.identity.ports import OpenSession
from stackyard.identity.service.keys import KEY_ISSUER
from stackyard.identity.service.run_tokens import RUN_ISSUER
from stackyard.identity.store import IdentityStore
from stackyard.kernel.access import Subject, SubjectKind
from stackyard.kernel.clock import Clock
from stackyard.kernel.ids import ApiKeyId, RunId, StackId
from stackyard.kernel.site import Site
from stackyard.kernel.tokens import TokenError, Tokens

_ISSUERS: Final = frozenset({KEY_ISSUER, RUN_ISSUER})
_JWT_DOTS: Final = 2


@dataclass(frozen=True, slots=True)
class Authenticator:
    open_session: OpenSession
    tokens: Tokens
    site: Site
    clock: Clock
    run_is_active: Callable[[RunId], Awaitable[bool]]

    async def bearer(self, token: str) -> Subject:
        """Return whose token it is, or raise `UnauthorizedError`.

        A signature is not enough: the key must still be there, the run still going.
        """
        claims = self.tokens.verify(
            token, audience=self.site.base_url, issuers=_ISSUERS
        )
        subject = claims.get("sub")
        if not isinstance(subject, str):
            raise TokenError(reason="it has no subject")
        if claims["iss"] == RUN_ISSUER:
            return await self._run(subject)
        return await self._key(ApiKeyId(subject), secret=None)

    async def basic(self, user: str, password: str) -> Subject:
        """Return whose credentials these are, or raise `UnauthorizedError`.

        For tools that only know a name and a password, such as git: an API key's id
        and secret, or any name with a token as the password.
        """
        if password.count(".") == _JWT_DOTS:
            return await self.bearer(password)
        return await self._key(ApiKeyId(user), secret=password)

    async def _key(self, key_id: ApiKeyId, *, secret: str | None) -> Subject:
        now = self.clock()
        async with self.open_session() as session:
            store = IdentityStore(session)
            key = await store.find_key(key_id)
            if key is None or not _opens(key, secret):
                raise CredentialsError
            if key.use_is_worth_noting(at=now):
                await store.note_use(key, at=now)
            return key.subject

    async def _run(self, subject: str) -> Subject:
        stack_id, separator, run_id = subject.rpartition("/")
        if not separator or not stack_id or not run_id:
            raise TokenError(reason="its subject is odd")
        if not await self.run_is_active(RunId(run_id)):
            raise RunEndedError(run=run_id)
        return Subject(SubjectKind.RUN, subject, subject, stack_id=StackId(stack_id))


def _opens(key: ApiKey, secret: str | None) -> bool:
    return secret is None or key.opens_with(secret)
