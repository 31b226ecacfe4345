"""Single sign-on under way: what must be remembered between our page and theirs."""

from datetime import datetime, timedelta

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.identity.model.sessions import SessionMethod
from stackyard.kernel.orm import Entity


class SignOnAttempt(Entity):
    """One way to the identity provider and back. `state` comes back with the answer.

    `browser` is the digest of a cookie: the answer must come by the browser that was
    sent. `remembered` is sealed. `session_id`: the administrator's who tries it out.
    """

    __tablename__ = "sign_on_attempts"
    __table_args__ = (Index("ix_sign_on_attempts_began_at", "began_at"),)

    LASTS = timedelta(minutes=10)

    state: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    method: Mapped[SessionMethod]
    browser: Mapped[bytes] = mapped_column(LargeBinary)
    remembered: Mapped[bytes] = mapped_column(LargeBinary)
    return_to: Mapped[str]
    session_id: Mapped[str | None]
    began_at: Mapped[datetime]

    def is_open(self, *, at: datetime) -> bool:
        return at - self.began_at < self.LASTS


class UsedAssertion(Entity):
    """A SAML assertion that was taken; it is not taken again before it ends."""

    __tablename__ = "used_assertions"
    __table_args__ = (Index("ix_used_assertions_ends_at", "ends_at"),)

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    ends_at: Mapped[datetime]
