"""Second factors: passkeys, one-time passwords, backup codes."""

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import SecurityKeyId, UserId
from stackyard.kernel.orm import Entity


def _user() -> ForeignKey:
    return ForeignKey("users.id", ondelete="CASCADE")


class SecurityKey(Entity):
    """A passkey: what it signs with stays in it, here is what checks the signature."""

    __tablename__ = "security_keys"
    __table_args__ = (Index("ix_security_keys_user_id", "user_id"),)

    id: Mapped[SecurityKeyId] = mapped_column(primary_key=True)
    user_id: Mapped[UserId] = mapped_column(_user())
    name: Mapped[str]
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    transports: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class OneTimeSecret(Entity):
    """What an authenticator app and we share. `last_step`: no code is taken twice."""

    __tablename__ = "one_time_secrets"

    user_id: Mapped[UserId] = mapped_column(_user(), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


class BackupCode(Entity):
    """Good once, for who has lost the rest."""

    __tablename__ = "backup_codes"

    user_id: Mapped[UserId] = mapped_column(_user(), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
