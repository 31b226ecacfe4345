"""Sign-in of the administrator, for browsers.

Lives as long as the process, and opens its own short transactions: it is asked before
there is a request's unit of work, and a refused try must be counted all the same.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import Enum, auto
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from stackyard.identity.model import AdminCredentials, BrowserSession, SignInCount
from stackyard.identity.ports import OpenSession
from stackyard.identity.secret import digest, new_secret, same_text
from stackyard.identity.store import IdentityStore
from stackyard.kernel.access import Subject, SubjectKind
from stackyard.kernel.clock import Clock

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


@dataclass(frozen=True, slots=True)
class Sessions:
    open_session: OpenSession
    clock: Clock
    admin: AdminCredentials | None

    async def sign_in(
        self,
        *,
        username: str,
        password: str,
        address: str,
        replaces: str | None = None,
    ) -> Opened | Outcome:
        """Open a session for the right name and password; *replaces* is ended.

        Tries are counted per account and address before the password is looked at, so
        that many at once do not slip through.
        """
        now = self.clock()
        account, place = _digest(username.casefold()), _digest(_network(address))
        async with self.open_session() as session:
            store = IdentityStore(session)
            tries = await store.count_try(account=account, address=place, at=now)
            if tries > SignInCount.LIMIT:
                return Outcome.TOO_MANY_TRIES
            if self.admin is None or not self._is_admin(username, password):
                return Outcome.REFUSED
            await store.forget_tries(account=account, address=place)
            if replaces is not None:
                await store.end_session(digest(replaces))
            token = new_secret()
            store.add_session(
                BrowserSession.open(
                    token=token,
                    name=self.admin.username,
                    tag=_tag(token, self.admin),
                    at=now,
                )
            )
            return Opened(token, _subject(self.admin))

    async def find(self, token: str) -> Subject | None:
        """Return who has this session, and move its end on."""
        if self.admin is None:
            return None
        now = self.clock()
        async with self.open_session() as session:
            found = await IdentityStore(session).find_session(digest(token))
            if found is None or not found.is_open(at=now):
                return None
            if not hmac.compare_digest(found.credentials_tag, _tag(token, self.admin)):
                return None
            found.see(at=now)
            return _subject(self.admin)

    async def sign_out(self, token: str) -> None:
        async with self.open_session() as session:
            await IdentityStore(session).end_session(digest(token))

    def _is_admin(self, username: str, password: str) -> bool:
        if self.admin is None or len(username) + len(password) > _LONGEST_INPUT:
            return False
        right_name = same_text(username, self.admin.username)
        right_password = same_text(password, self.admin.password)
        return right_name and right_password


def _subject(admin: AdminCredentials) -> Subject:
    return Subject(SubjectKind.USER, admin.username, admin.username, admin=True)


def _tag(token: str, admin: AdminCredentials) -> bytes:
    """Bind a session to the credentials of its sign-in: new ones end it.

    Keyed with the token, which is not stored: the row helps nobody guess a password.
    """
    said = f"{admin.username}\0{admin.password}".encode()
    return hmac.digest(token.encode(), said, hashlib.sha256)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="replace")).digest()


def _network(address: str) -> str:
    """Return the address, or its /64: one IPv6 customer has that many addresses."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return address
