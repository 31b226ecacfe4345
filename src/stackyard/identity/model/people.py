"""People and the groups that an identity provider puts them in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from sqlalchemy import ARRAY, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.identity.errors import (
    GroupDescriptionError,
    InvitationEmailError,
    InvitationPendingError,
    UsernameError,
)
from stackyard.identity.model.sessions import SessionMethod
from stackyard.identity.names import check_group
from stackyard.identity.secret import digest, matches, new_secret
from stackyard.kernel.ids import GroupId, UserId, new_ulid
from stackyard.kernel.orm import Entity

LONGEST_USERNAME: Final = 320
LONGEST_DESCRIPTION: Final = 1_000


class UserStatus(StrEnum):
    QUEUED = "QUEUED"  # invited while a login policy decides; told at the switch
    PENDING = "PENDING"  # invited, not yet here
    EXPIRED = "EXPIRED"  # invited, and did not come in time
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"  # came by an identity provider that is no longer in use


@dataclass(frozen=True, slots=True)
class Known:
    """Who an identity provider says somebody is."""

    login: str
    name: str
    groups: tuple[str, ...]
    method: SessionMethod


class User(Entity):
    """Somebody who may sign in, or has. `invited_at` starts the 24 hours."""

    __tablename__ = "users"

    INVITED_FOR = timedelta(hours=24)

    id: Mapped[UserId] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    invitation_email: Mapped[str | None]
    invitation_digest: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    invited_at: Mapped[datetime | None]
    standing: Mapped[UserStatus]  # as last decided; see `status`
    admin: Mapped[bool]  # the first who came by the identity provider now in use
    method: Mapped[SessionMethod | None]
    groups: Mapped[list[str]] = mapped_column(ARRAY(Text()))  # at the last sign-in
    created_at: Mapped[datetime]
    last_login_at: Mapped[datetime | None]

    @classmethod
    def invite(
        cls, *, username: str, email: str | None, queued: bool, at: datetime
    ) -> tuple[Self, str]:
        """Return somebody who may come, and the secret of their invitation's link."""
        if not 1 <= len(username) <= LONGEST_USERNAME or not username.isprintable():
            raise UsernameError
        if email is not None:
            _check_email(email)
        user = cls._make(username, at=at)
        user.invitation_email = email
        return user, user.renew_invitation(queued=queued, at=at)

    @classmethod
    def arrive(cls, known: Known, *, at: datetime) -> Self:
        """Return somebody who came without an invitation, by a group or a policy."""
        user = cls._make(known.login, at=at)
        user.come(known, at=at)
        return user

    @classmethod
    def _make(cls, username: str, *, at: datetime) -> Self:
        return cls(
            id=UserId(new_ulid()),
            username=username,
            name=username,
            invitation_email=None,
            invitation_digest=None,
            invited_at=None,
            standing=UserStatus.ACTIVE,
            admin=False,
            method=None,
            groups=[],
            created_at=at,
            last_login_at=None,
        )

    def status(self, *, at: datetime) -> UserStatus:
        late = self.invited_at is not None and at - self.invited_at >= self.INVITED_FOR
        if self.standing is UserStatus.PENDING and late:
            return UserStatus.EXPIRED
        return self.standing

    def resend(self, *, queued: bool, at: datetime) -> str:
        """Invite again those who did not come; return the new link's secret."""
        if self.standing is UserStatus.ACTIVE:
            raise InvitationPendingError(user=self.username)
        return self.renew_invitation(queued=queued, at=at)

    def renew_invitation(self, *, queued: bool, at: datetime) -> str:
        secret = new_secret()
        self.invitation_digest, self.invited_at = digest(secret), at
        self.standing = UserStatus.QUEUED if queued else UserStatus.PENDING
        return secret

    def accepts(self, secret: str, *, at: datetime) -> bool:
        stored = self.invitation_digest
        pending = self.status(at=at) is UserStatus.PENDING
        return pending and stored is not None and matches(secret, stored)

    def may_come(self, *, at: datetime) -> bool:
        """Whether their own record lets them in under user management."""
        return self.status(at=at) in {UserStatus.ACTIVE, UserStatus.PENDING}

    def come(self, known: Known, *, at: datetime) -> None:
        """They signed in: an invitation is used up, the groups are the new ones."""
        self.standing = UserStatus.ACTIVE
        self.invitation_digest = None
        self.name = known.name or known.login
        self.method = known.method
        self.groups = list(known.groups)
        self.last_login_at = at


class UserGroup(Entity):
    """A group of the identity provider's, by its exact name, that has rights here."""

    __tablename__ = "user_groups"
    __table_args__ = (Index("ix_user_groups_name", "name", unique=True),)

    id: Mapped[GroupId] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str | None]
    created_at: Mapped[datetime]

    @classmethod
    def create(cls, *, name: str, description: str | None, at: datetime) -> Self:
        check_group(name)
        group = cls(id=GroupId(new_ulid()), name=name, created_at=at)
        group.describe(description)
        return group

    def describe(self, description: str | None) -> None:
        if description is not None and len(description) > LONGEST_DESCRIPTION:
            raise GroupDescriptionError(longest=LONGEST_DESCRIPTION)
        self.description = description


def _check_email(email: str) -> None:
    local, at, domain = email.rpartition("@")
    plain = email.isprintable() and " " not in email
    if not (local and at and domain and plain and len(email) <= LONGEST_USERNAME):
        raise InvitationEmailError
