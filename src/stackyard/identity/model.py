"""API keys, browser sessions, and the count of failed sign-ins."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.identity.errors import ApiKeyNameError
from stackyard.identity.secret import digest, matches, new_secret
from stackyard.kernel.access import Subject, SubjectKind
from stackyard.kernel.ids import ApiKeyId, new_ulid
from stackyard.kernel.orm import Entity

LONGEST_NAME: Final = 200
_USE_NOTED_EVERY: Final = timedelta(minutes=1)


class ApiKey(Entity):
    __tablename__ = "api_keys"
    __table_args__ = (Index("ix_api_keys_deleted_at", "deleted_at"),)

    id: Mapped[ApiKeyId] = mapped_column(primary_key=True)
    name: Mapped[str]
    secret_digest: Mapped[bytes] = mapped_column(LargeBinary)
    admin: Mapped[bool]
    creator: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    @classmethod
    def create(
        cls, *, name: str, admin: bool, creator: str, at: datetime
    ) -> tuple[Self, str]:
        """Return a key and its secret, which is never to be had again."""
        trimmed = name.strip()
        if not 1 <= len(trimmed) <= LONGEST_NAME or not trimmed.isprintable():
            raise ApiKeyNameError
        secret = new_secret()
        key = cls(
            id=ApiKeyId(new_ulid()),
            name=trimmed,
            secret_digest=digest(secret),
            admin=admin,
            creator=creator,
            created_at=at,
            last_used_at=None,
            deleted_at=None,
        )
        return key, secret

    @property
    def deleted(self) -> bool:
        return self.deleted_at is not None

    @property
    def subject(self) -> Subject:
        return Subject(SubjectKind.API_KEY, self.id, self.name, admin=self.admin)

    def opens_with(self, secret: str) -> bool:
        return matches(secret, self.secret_digest) and not self.deleted

    def delete(self, *, at: datetime) -> None:
        self.deleted_at = self.deleted_at or at

    def use_is_worth_noting(self, *, at: datetime) -> bool:
        """Say no within a minute of the last: reads must not become writes."""
        return self.last_used_at is None or at - self.last_used_at >= _USE_NOTED_EVERY


class BrowserSession(Entity):
    """A signed-in browser. Its token is in the cookie; here is only the digest."""

    __tablename__ = "browser_sessions"
    __table_args__ = (Index("ix_browser_sessions_expires_at", "expires_at"),)

    IDLE = timedelta(hours=12)
    LONGEST = timedelta(days=7)

    token_digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    name: Mapped[str]
    # Made with the token from the credentials: when these change, it fits no more.
    credentials_tag: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    @classmethod
    def open(cls, *, token: str, name: str, tag: bytes, at: datetime) -> Self:
        return cls(
            token_digest=digest(token),
            name=name,
            credentials_tag=tag,
            created_at=at,
            seen_at=at,
            expires_at=at + cls.IDLE,
        )

    def is_open(self, *, at: datetime) -> bool:
        return at < self.expires_at

    def see(self, *, at: datetime) -> None:
        """Move the end on, at most once a minute, never past the longest life."""
        if at - self.seen_at >= _USE_NOTED_EVERY:
            self.seen_at = at
            self.expires_at = min(at + self.IDLE, self.created_at + self.LONGEST)


class SignInCount(Entity):
    """How often one address has tried one account lately; both as digests."""

    __tablename__ = "sign_in_counts"
    __table_args__ = (Index("ix_sign_in_counts_began_at", "began_at"),)

    WINDOW = timedelta(minutes=15)
    LIMIT = 10

    account: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    address: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    tries: Mapped[int]
    began_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class AdminCredentials:
    """The administrator that the operator named in the environment."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """What an API key was exchanged for."""

    id: ApiKeyId
    jwt: str = field(repr=False)
    valid_until: int  # unix seconds
