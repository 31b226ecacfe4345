"""Single sign-on: by whom, and what is under way between our page and theirs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.identity.model.sessions import SessionMethod
from stackyard.kernel.federation import (
    NameIdFormat,
    OidcSettings,
    SamlAttribute,
    SamlSettings,
)
from stackyard.kernel.orm import Entity

ProviderSettings: TypeAlias = OidcSettings | SamlSettings


@dataclass(frozen=True, slots=True)
class SignOn:
    """The identity provider in use, and the one that is being tried out.

    Settings become the ones in use when an administrator has come in by them: what
    does not work locks nobody out.
    """

    active: ProviderSettings | None = None
    trial: ProviderSettings | None = None


def method_of(settings: ProviderSettings) -> SessionMethod:
    if isinstance(settings, OidcSettings):
        return SessionMethod.OIDC
    return SessionMethod.SAML


def is_same_provider(one: ProviderSettings | None, other: ProviderSettings) -> bool:
    """Say whether people are known by both in the same way."""
    match one, other:
        case OidcSettings(issuer=before), OidcSettings(issuer=after):
            return before.rstrip("/") == after.rstrip("/")
        case SamlSettings(metadata=before), SamlSettings(metadata=after):
            return before == after
        case _:
            return False


def to_row(settings: ProviderSettings) -> dict[str, Any]:
    """Return all but the secret, which is sealed beside it."""
    match settings:
        case OidcSettings():
            return {
                "issuer": settings.issuer,
                "client_id": settings.client_id,
                "groups_claim": settings.groups_claim,
            }
        case SamlSettings():
            return {
                "metadata": settings.metadata,
                "name_id_format": str(settings.name_id_format),
                "attributes": {
                    name: str(ours) for name, ours in settings.attributes.items()
                },
            }


def from_row(row: Mapping[str, Any], secret: str) -> ProviderSettings:
    if "issuer" in row:
        return OidcSettings(
            row["issuer"], row["client_id"], secret, row["groups_claim"]
        )
    attributes = {name: SamlAttribute(ours) for name, ours in row["attributes"].items()}
    return SamlSettings(
        row["metadata"], NameIdFormat(row["name_id_format"]), attributes
    )


class SignOnAttempt(Entity):
    """One way to the identity provider and back. `state` comes back with the answer.

    `browser` is the digest of a cookie: the answer must come by the browser that was
    sent. `remembered` is sealed: what the provider's answer must fit and, once it has
    come by another site's form, who answered. `session_id`: the administrator's who
    tries the provider out.
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
