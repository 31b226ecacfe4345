"""Sessions: signed-in browsers, and the command line signed in by one."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from sqlalchemy import ARRAY, ForeignKey, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.identity.secret import digest
from stackyard.kernel.access import Grant
from stackyard.kernel.caller import Place
from stackyard.kernel.ids import ApiKeyId, SessionId, SpaceId, UserId, new_ulid
from stackyard.kernel.orm import Entity

SEEN_NOTED_EVERY: Final = timedelta(minutes=1)
LONGEST_AGENT: Final = 300


class SessionMethod(StrEnum):
    """How somebody proved who they are."""

    ADMIN = "ADMIN"  # the name and password of the operator's environment
    API_KEY = "API_KEY"
    OIDC = "OIDC"
    SAML = "SAML"


class SecondFactor(StrEnum):
    """What a session still lacks. Only with the first two it opens anything."""

    NOT_NEEDED = "NOT_NEEDED"
    GIVEN = "GIVEN"
    WANTED = "WANTED"  # they have one: to be shown
    TO_ENROL = "TO_ENROL"  # they must have one, and have none yet

    @property
    def suffices(self) -> bool:
        return self in {SecondFactor.NOT_NEEDED, SecondFactor.GIVEN}


@dataclass(frozen=True, slots=True)
class Rights:
    """What a sign-in fixes for as long as the session lasts."""

    groups: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
    bound: bool = True
    admin: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """Who somebody is, how they proved it, and what is still wanting.

    `tag` binds an operator's session to the password that opened it.
    """

    method: SessionMethod
    name: str
    user_id: UserId | None = None
    api_key_id: ApiKeyId | None = None
    tag: bytes | None = field(default=None, repr=False)
    second_factor: SecondFactor = SecondFactor.NOT_NEEDED


class Session(Entity):
    """Somebody who is signed in. The token is theirs; here is only its digest."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index("ix_sessions_expires_at", "expires_at"),
        Index("ix_sessions_user_id", "user_id"),
        Index("ix_sessions_api_key_id", "api_key_id"),
    )

    IDLE = timedelta(hours=12)
    LONGEST = timedelta(days=7)
    OF_COMMAND_LINE = timedelta(hours=10)
    OF_CODE = timedelta(minutes=1)  # how long a program has to come for its token

    id: Mapped[SessionId] = mapped_column(primary_key=True)
    token_digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    method: Mapped[SessionMethod]
    name: Mapped[str]  # as shown
    user_id: Mapped[UserId | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE")
    )
    api_key_id: Mapped[ApiKeyId | None] = mapped_column(
        ForeignKey("api_keys.id", ondelete="CASCADE")
    )
    # Made with the token from the credentials: when these change, it fits no more.
    credentials_tag: Mapped[bytes | None] = mapped_column(LargeBinary)
    groups: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    grants: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
    bound: Mapped[bool]
    admin: Mapped[bool]
    second_factor: Mapped[SecondFactor]
    # what the next answer of a second factor, or who has a code, must fit; good for one
    challenge: Mapped[bytes | None] = mapped_column(LargeBinary)
    command_line: Mapped[bool]
    address: Mapped[str]
    agent: Mapped[str]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    @classmethod
    def open(
        cls,
        *,
        token: str,
        proof: Proof,
        rights: Rights,
        place: Place,
        at: datetime,
    ) -> Self:
        return cls(
            id=SessionId(new_ulid()),
            token_digest=digest(token),
            method=proof.method,
            name=proof.name,
            user_id=proof.user_id,
            api_key_id=proof.api_key_id,
            credentials_tag=proof.tag,
            groups=list(rights.groups),
            grants=[{"space": one.space, "role": one.role} for one in rights.grants],
            bound=rights.bound,
            admin=rights.admin,
            second_factor=proof.second_factor,
            challenge=None,
            command_line=False,
            address=place.address,
            agent=place.agent[:LONGEST_AGENT],
            created_at=at,
            seen_at=at,
            expires_at=at + cls.IDLE,
        )

    def for_command_line(self, *, token: str, at: datetime) -> "Session":
        """Return a session beside this one, of the same person, with a fixed end."""
        return Session(
            id=SessionId(new_ulid()),
            token_digest=digest(token),
            method=self.method,
            name=self.name,
            user_id=self.user_id,
            api_key_id=self.api_key_id,
            credentials_tag=None,
            groups=list(self.groups),
            grants=list(self.grants),
            bound=self.bound,
            admin=self.admin,
            second_factor=self.second_factor,
            challenge=None,
            command_line=True,
            address=self.address,
            agent=self.agent,
            created_at=at,
            seen_at=at,
            expires_at=at + self.OF_COMMAND_LINE,
        )

    def wait(self, *, code: str, challenge: bytes, at: datetime) -> None:
        """Open nothing yet: a program comes for its token soon, or it is over."""
        self.token_digest = digest(code)
        self.challenge = challenge
        self.expires_at = at + self.OF_CODE

    def begin(self, *, at: datetime) -> None:
        """The program came. By the code's digest a second one is noticed."""
        self.challenge = None
        self.seen_at = at
        self.expires_at = at + self.OF_COMMAND_LINE

    @property
    def rights(self) -> Rights:
        return Rights(
            groups=tuple(self.groups),
            grants=tuple(
                Grant(SpaceId(one["space"]), one["role"]) for one in self.grants
            ),
            bound=self.bound,
            admin=self.admin,
        )

    @property
    def complete(self) -> bool:
        """Whether all that was asked for was shown."""
        return self.second_factor.suffices

    def is_open(self, *, at: datetime) -> bool:
        return at < self.expires_at

    def see(self, *, at: datetime) -> None:
        """Move the end on, at most once a minute, never past the longest life."""
        if at - self.seen_at < SEEN_NOTED_EVERY:
            return
        self.seen_at = at
        if not self.command_line:
            self.expires_at = min(at + self.IDLE, self.created_at + self.LONGEST)

    def enrolled(self) -> None:
        """They have a second factor now, and have just used it."""
        self.second_factor = SecondFactor.GIVEN

    def complete_with(self, token: str) -> None:
        """The second factor was shown: go on under another token."""
        self.second_factor = SecondFactor.GIVEN
        self.token_digest = digest(token)


class SignInCount(Entity):
    """How often one address has tried one account lately; both as digests."""

    __tablename__ = "sign_in_counts"
    __table_args__ = (Index("ix_sign_in_counts_began_at", "began_at"),)

    WINDOW = timedelta(minutes=15)
    LIMIT = 10  # of one address at one account
    LIMIT_OF_ADDRESS = 50  # at any account
    LIMIT_OF_ACCOUNT = 200  # from anywhere: high, or strangers could lock people out

    account: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    address: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    tries: Mapped[int]
    began_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class AdminCredentials:
    """The administrator that the operator named in the environment."""

    username: str
    password: str = field(repr=False)

    def tag(self, token: str) -> bytes:
        """Bind a session to the credentials of its sign-in: new ones end it.

        Keyed with the token, which is not stored: the row helps nobody guess a
        password.
        """
        said = f"{self.username}\0{self.password}".encode()
        return hmac.digest(token.encode(), said, hashlib.sha256)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """What an API key, or a session, was exchanged for."""

    id: str
    jwt: str = field(repr=False)
    valid_until: int  # unix seconds
