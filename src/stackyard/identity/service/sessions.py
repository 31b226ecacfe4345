"""Sessions that are open: whose they are, and how they go on and end.

Lives as long as the process: it is asked before there is a unit of work.
"""

import hmac
from dataclasses import dataclass
from typing import Final

from stackyard.identity.errors import CredentialsError
from stackyard.identity.model import (
    IssuedToken,
    SecondFactor,
    Session,
    SessionMethod,
)
from stackyard.identity.ports import OpenStores
from stackyard.identity.secret import digest, new_secret
from stackyard.identity.service.subjects import Subjects
from stackyard.kernel.access import Subject
from stackyard.kernel.audit import Resource, ResourceType
from stackyard.kernel.clock import Clock
from stackyard.kernel.ids import SessionId, UserId
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.site import Site
from stackyard.kernel.tokens import Tokens

PERSON_ISSUER: Final = "user"


@dataclass(frozen=True, slots=True)
class Seen:
    """Who has a session, and what it still lacks before it opens anything."""

    subject: Subject
    session_id: SessionId
    method: SessionMethod
    second_factor: SecondFactor
    user_id: UserId | None = None

    @property
    def complete(self) -> bool:
        return self.second_factor.suffices


@dataclass(frozen=True, slots=True)
class Sessions:
    open_stores: OpenStores
    subjects: Subjects
    tokens: Tokens
    site: Site
    clock: Clock

    @needs(Rule.WHO_ASKS)
    async def find(self, token: str) -> Subject | None:
        """Return who has this session, if it lacks nothing, and move its end on."""
        seen = await self.look(token)
        return seen.subject if seen is not None and seen.complete else None

    @needs(Rule.WHO_ASKS)
    async def look(self, token: str) -> Seen | None:
        """Return who has this session, even if a second factor is still to be shown."""
        async with self.open_stores() as stores:
            found = await stores.sessions.find(digest(token))
            if found is None or not self._fits(found, token):
                return None
            subject = await self.subjects.of_session(stores, found)
            if subject is None:
                return None
            found.see(at=self.clock())
            return Seen(
                subject, found.id, found.method, found.second_factor, found.user_id
            )

    @needs(Rule.WHO_ASKS)
    async def of_command_line(self, session_id: SessionId) -> Subject:
        """Return whose token of the command line it is, or raise `UnauthorizedError`.

        Asked after the token's signature was checked: the session must be there still.
        """
        async with self.open_stores() as stores:
            found = await stores.sessions.find_id(session_id)
            if found is None or not self._serves_command_line(found):
                raise CredentialsError
            subject = await self.subjects.of_session(stores, found)
            if subject is None:
                raise CredentialsError
            found.see(at=self.clock())
            return subject

    @needs(Rule.WHO_ASKS)
    async def of_id(self, session_id: SessionId) -> Subject:
        """Return whose session of a browser it is, or raise `UnauthorizedError`.

        For what was begun in it a moment ago, when its cookie may not be at hand.
        """
        async with self.open_stores() as stores:
            found = await stores.sessions.find_id(session_id)
            if found is None or not found.is_open(at=self.clock()):
                raise CredentialsError
            subject = await self.subjects.of_session(stores, found)
            if subject is None or not found.complete:
                raise CredentialsError
            return subject

    @needs(Rule.WHO_ASKS)
    async def issue_for_command_line(self, token: str) -> IssuedToken | None:
        """Return a token for the command line of whoever has this session.

        It is a session of its own in the list, and ends when that is revoked.
        """
        now = self.clock()
        async with self.open_stores() as stores:
            found = await stores.sessions.find(digest(token))
            if found is None or not self._fits(found, token) or not found.complete:
                return None
            beside = found.for_command_line(token=new_secret(), at=now)
            beside.credentials_tag = self._tag(beside, beside.id)
            await stores.sessions.add(beside)
            subject = await self.subjects.of_session(stores, found)
            if subject is None:
                return None
            await stores.trail.note(
                "session.create", Resource(ResourceType.SESSION, beside.id), by=subject
            )
            issued, until = now.timestamp(), beside.expires_at.timestamp()
            claims = {
                "aud": self.site.base_url,
                "exp": int(until),
                "iat": int(issued),
                "iss": PERSON_ISSUER,
                "jti": beside.id,
                "nbf": int(issued),
                "sub": beside.name,
            }
            return IssuedToken(beside.id, self.tokens.sign(claims), int(until))

    @needs(Rule.WHO_ASKS)
    async def sign_out(self, token: str) -> None:
        async with self.open_stores() as stores:
            await stores.sessions.end(digest(token))

    def _fits(self, found: Session, token: str) -> bool:
        if found.command_line or not found.is_open(at=self.clock()):
            return False
        return self._is_of_these_credentials(found, token)

    def _serves_command_line(self, found: Session) -> bool:
        good = found.command_line and found.complete
        return (
            good
            and found.is_open(at=self.clock())
            and self._is_of_these_credentials(found, found.id)
        )

    def _is_of_these_credentials(self, found: Session, key: str) -> bool:
        """A session by the operator's password ends when that is another."""
        if found.method is not SessionMethod.ADMIN:
            return True
        tag = self._tag(found, key)
        if tag is None or found.credentials_tag is None:
            return False
        return hmac.compare_digest(found.credentials_tag, tag)

    def _tag(self, found: Session, key: str) -> bytes | None:
        operator = self.subjects.operator
        if operator is None or found.method is not SessionMethod.ADMIN:
            return None
        return operator.tag(key)
