"""What holds for the whole account."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.identity.errors import RunnerImageError, SecurityEmailError
from stackyard.kernel.orm import Entity

LONGEST_EMAIL = 320
LONGEST_IMAGE = 512
# [host[:port]/]path[:tag][@digest], as loosely as registries take it
_IMAGE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*")


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
    # what stacks that name no image run in, by the kind of their pool
    private_runner_image: Mapped[str | None]
    public_runner_image: Mapped[str | None]
    changed_at: Mapped[datetime]

    def set_security_email(self, email: str) -> None:
        """Set where we may write about safety; nothing unsets it."""
        plain = email.isprintable() and "@" in email and " " not in email
        if email and not (plain and len(email) <= LONGEST_EMAIL):
            raise SecurityEmailError
        self.security_email = email

    def set_runner_images(self, *, private: str | None, public: str | None) -> None:
        """Set both; empty or None is no default."""
        self.private_runner_image = checked_image(private)
        self.public_runner_image = checked_image(public)


def checked_image(name: str | None) -> str | None:
    """Return the name of an image, None if it is empty."""
    if not name:
        return None
    if not _IMAGE.fullmatch(name) or len(name) > LONGEST_IMAGE:
        raise RunnerImageError
    return name
