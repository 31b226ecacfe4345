"""How a session begins: the operator's password, an API key, an identity provider.

Lives as long as the process, and opens its own short transactions: it is asked before
there is a request's unit of work, and a refused try must be counted all the same.
A session that begins ends the one that the same browser had (*replaces*).
"""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from stackyard.identity.errors import SignInRefusedError, TooManyTriesError
from stackyard.identity.model import (
    Known,
    Proof,
    Rights,
    SecondFactor,
    Session,
    SessionMethod,
)
from stackyard.identity.ports import OpenStores
from stackyard.identity.secret import digest, new_secret, same_text
from stackyard.identity.service.admission import Admission
from stackyard.identity.service.exchange import Proven
from stackyard.identity.service.subjects import Subjects
from stackyard.identity.service.tries import Tries
from stackyard.identity.store import Stores
from stackyard.kernel.access import Subject, SubjectKind
from stackyard.kernel.audit import Resource, ResourceType
from stackyard.kernel.caller import Place
from stackyard.kernel.clock import Clock
from stackyard.kernel.needs import Rule, needs

_LONGEST_INPUT: Final = 1024


class Outcome(Enum):
    """Why somebody was not signed in."""

    REFUSED = auto()
    TOO_MANY_TRIES = auto()


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session. The token goes into the cookie and nowhere else."""

    token: str = field(repr=False)
    subject: Subject
    second_factor: SecondFactor = SecondFactor.NOT_NEEDED


@dataclass(frozen=True, slots=True)
class SignIn:
    open_stores: OpenStores
    subjects: Subjects
    admission: Admission
    clock: Clock

    @needs(Rule.WHO_ASKS)
    async def by_password(
        self,
        *,
        username: str,
        password: str,
        place: Place,
        replaces: str | None = None,
    ) -> Opened | Outcome:
        """Open a session for the operator's name and password."""
        async with self.open_stores() as stores:
            tries = Tries.of(stores.sessions, username, place, at=self.clock())
            if await tries.count():
                return Outcome.TOO_MANY_TRIES
            operator = self.subjects.operator
            if operator is None or not self._is_operator(username, password):
                await self._note_refusal(stores, username)
                return Outcome.REFUSED
            await tries.forget()
            token = new_secret()
            opened = Session.open(
                token=token,
                proof=Proof(
                    SessionMethod.ADMIN, operator.username, tag=operator.tag(token)
                ),
                rights=Rights(admin=True),
                place=place,
                at=self.clock(),
            )
            return await self._open(stores, opened, token, replaces)

    @needs(Rule.WHO_ASKS)
    async def by_key(
        self, proven: Proven, *, place: Place, replaces: str | None = None
    ) -> Opened:
        """Open a session for whoever has shown that an API key is theirs."""
        async with self.open_stores() as stores:
            token = new_secret()
            opened = Session.open(
                token=token,
                proof=Proof(
                    SessionMethod.API_KEY, proven.key.name, api_key_id=proven.key.id
                ),
                rights=Rights(groups=proven.groups),
                place=place,
                at=self.clock(),
            )
            return await self._open(stores, opened, token, replaces)

    @needs(Rule.WHO_ASKS)
    async def by_provider(
        self,
        known: Known,
        *,
        place: Place,
        replaces: str | None = None,
        first_admin: bool = False,
    ) -> Opened:
        """Open a session for somebody whom an identity provider vouches for.

        Raises `SignInRefusedError` if neither an invitation nor a group nor a policy
        lets them in. *first_admin*: they set the provider up, and are its
        administrator from now on.
        """
        async with self.open_stores() as stores:
            tries = Tries.of(stores.sessions, known.login, place, at=self.clock())
            if await tries.exhausted():
                raise TooManyTriesError
        verdict = await self.admission.consider(known, place)
        async with self.open_stores() as stores:
            admitted = await self.admission.admit(
                stores, known, verdict, first_admin=first_admin
            )
            if admitted is not None:
                user, rights = admitted
                token = new_secret()
                opened = Session.open(
                    token=token,
                    proof=Proof(
                        known.method,
                        user.username,
                        user_id=user.id,
                        second_factor=await self.admission.second_factor(stores, user),
                    ),
                    rights=rights,
                    place=place,
                    at=self.clock(),
                )
                return await self._open(stores, opened, token, replaces)
            tries = Tries.of(stores.sessions, known.login, place, at=self.clock())
            await tries.count()
            stranger = Subject(SubjectKind.USER, known.login, known.login)
            await stores.trail.note_failed_sign_in(
                Resource(ResourceType.LOGIN, known.login), by=stranger
            )
        raise SignInRefusedError(login=known.login)

    async def _note_refusal(self, stores: Stores, username: str) -> None:
        """Name the operator only: people type their password where the name belongs."""
        operator = self.subjects.operator
        known = operator is not None and same_text(username, operator.username)
        name = username if known else "unknown"
        await stores.trail.note_failed_sign_in(
            Resource(ResourceType.LOGIN, name),
            by=Subject(SubjectKind.USER, name, name),
        )

    async def _open(
        self, stores: Stores, opened: Session, token: str, replaces: str | None
    ) -> Opened:
        if replaces is not None:
            await stores.sessions.end(digest(replaces))
        await stores.sessions.add(opened)
        subject = await self.subjects.of_session(stores, opened)
        if subject is None:
            raise SignInRefusedError
        await stores.trail.note(
            "login.create",
            Resource(ResourceType.LOGIN, subject.name),
            related=Resource(ResourceType.SESSION, opened.id),
            facts={"Method": str(opened.method)},
            by=subject,
        )
        return Opened(token, subject, opened.second_factor)

    def _is_operator(self, username: str, password: str) -> bool:
        operator = self.subjects.operator
        if operator is None or len(username) + len(password) > _LONGEST_INPUT:
            return False
        right_name = same_text(username, operator.username)
        right_password = same_text(password, operator.password)
        return right_name and right_password
