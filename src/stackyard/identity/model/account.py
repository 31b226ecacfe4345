"""What holds for the whole account."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.identity.errors import SecurityEmailError
from stackyard.kernel.orm import Entity

LONGEST_EMAIL = 320


class Strategy(StrEnum):
    """Who decides what people may do: the rules of the other one do not count."""

    USER_MANAGEMENT = "USER_MANAGEMENT"  # invitations, groups and their bindings
    LOGIN_POLICY = "LOGIN_POLICY"


class Account(Entity):
    """One row."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint("id = 1", name="ck_account_one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    strategy: Mapped[Strategy]
    security_email: Mapped[str]
    second_factor_enforced: Mapped[bool]
    space_admins_make_spaces: Mapped[bool]
    # the identity provider in use: settings whose secrets are sealed
    sign_on: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    changed_at: Mapped[datetime]

    def set_security_email(self, email: str) -> None:
        """Set where we may write about safety; nothing unsets it."""
        plain = email.isprintable() and "@" in email and " " not in email
        if email and not (plain and len(email) <= LONGEST_EMAIL):
            raise SecurityEmailError
        self.security_email = email
