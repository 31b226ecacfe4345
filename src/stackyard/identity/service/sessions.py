"""Sessions that are open: whose they are, and how they go on and end.

Lives as long as the process: it is asked before there is a unit of work.
"""

import hmac
from dataclasses import dataclass
from enum import StrEnum
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
from stackyard.identity.store import Stores
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


class CodeProblem(StrEnum):
    """Why a code gives no token."""

    OVER = "The code is not known, or over: it lasts a minute. Log in once more."
    USED = "The code was used before. The session that it opened has ended."
    UNFIT = "The code was made for another code_verifier or redirect_uri."


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
        async with self.open_stores() as stores:
            beside = await self._beside(stores, token)
            return None if beside is None else await self._issue(stores, beside)

    @needs(Rule.WHO_ASKS)
    async def offer_code(self, token: str, challenge: bytes) -> str | None:
        """Return a code by which a program gets a token of whoever has this session.

        It is good once, for a minute, and for whoever knows what fits *challenge*.
        """
        async with self.open_stores() as stores:
            beside = await self._beside(stores, token)
            if beside is None:
                return None
            code = new_secret()
            beside.wait(code=code, challenge=challenge, at=self.clock())
            return code

    @needs(Rule.WHO_ASKS)
    async def redeem_code(
        self, code: str, challenge: bytes
    ) -> IssuedToken | CodeProblem:
        """Return the token that a code was made for, or what is wrong with the code.

        One that comes twice was seen by somebody else: what it opened is ended.
        """
        async with self.open_stores() as stores:
            found = await stores.sessions.find(digest(code), lock=True)
            if found is None or not self._is_of_command_line(found):
                return CodeProblem.OVER
            if found.challenge is None:
                await self._end(stores, found)
                return CodeProblem.USED
            if not hmac.compare_digest(found.challenge, challenge):
                return CodeProblem.UNFIT
            found.begin(at=self.clock())
            return await self._issue(stores, found) or CodeProblem.OVER

    @needs(Rule.WHO_ASKS)
    async def sign_out(self, token: str) -> None:
        async with self.open_stores() as stores:
            await stores.sessions.end(digest(token))

    async def _beside(self, stores: Stores, token: str) -> Session | None:
        """Add a session of the command line, of whoever has this one of a browser."""
        found = await stores.sessions.find(digest(token))
        if found is None or not self._fits(found, token) or not found.complete:
            return None
        beside = found.for_command_line(token=new_secret(), at=self.clock())
        beside.credentials_tag = self._tag(beside, beside.id)
        await stores.sessions.add(beside)
        return beside

    async def _issue(self, stores: Stores, opened: Session) -> IssuedToken | None:
        """Return the token of a session of the command line."""
        subject = await self.subjects.of_session(stores, opened)
        if subject is None:
            return None
        await stores.trail.note(
            "session.create", Resource(ResourceType.SESSION, opened.id), by=subject
        )
        issued = int(opened.created_at.timestamp())
        until = int(opened.expires_at.timestamp())
        claims = {
            "aud": self.site.base_url,
            "exp": until,
            "iat": issued,
            "iss": PERSON_ISSUER,
            "jti": opened.id,
            "nbf": issued,
            "sub": opened.name,
        }
        return IssuedToken(opened.id, self.tokens.sign(claims), until)

    async def _end(self, stores: Stores, opened: Session) -> None:
        await stores.sessions.end_id(opened.id)
        subject = await self.subjects.of_session(stores, opened)
        if subject is not None:
            await stores.trail.note(
                "session.delete",
                Resource(ResourceType.SESSION, opened.id),
                facts={"Name": opened.name},
                by=subject,
            )

    def _fits(self, found: Session, token: str) -> bool:
        if found.command_line or not found.is_open(at=self.clock()):
            return False
        return self._is_of_these_credentials(found, token)

    def _serves_command_line(self, found: Session) -> bool:
        return self._is_of_command_line(found) and found.challenge is None

    def _is_of_command_line(self, found: Session) -> bool:
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
