"""Signing in through somebody else: what every identity provider comes down to.

A sign-in has two halves. What the first half *begun* is kept by the caller, bound to
the browser, and given to the second half once. Nothing here is stored, and nothing an
error says holds a token or a secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from stackyard.kernel.errors import (
    ForbiddenError,
    InvalidError,
    UnauthorizedError,
    UnavailableError,
)


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """*issuer* is as an administrator typed it: with a last slash, or the whole URL
    of the metadata, or neither. *groups_claim* is for providers that name it so.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    groups_claim: str = "groups"


class NameIdFormat(StrEnum):
    """What a SAML provider is asked to name people by."""

    TRANSIENT = "TRANSIENT"
    EMAIL_ADDRESS = "EMAIL_ADDRESS"
    PERSISTENT = "PERSISTENT"


class SamlAttribute(StrEnum):
    FIRST_NAME = "FirstName"
    LAST_NAME = "LastName"
    TEAMS = "Teams"


@dataclass(frozen=True, slots=True)
class SamlSettings:
    """*metadata* is a URL that is read anew from time to time, or the XML itself.

    *attributes* maps names that the provider uses; an attribute may keep our name.
    """

    metadata: str
    name_id_format: NameIdFormat = NameIdFormat.EMAIL_ADDRESS
    attributes: Mapping[str, SamlAttribute] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assertion:
    """One SAML statement. Whoever accepts it keeps *id* until *until*, and refuses
    the same one again.
    """

    id: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Person:
    login: str
    name: str = ""
    groups: tuple[str, ...] = ()
    assertion: Assertion | None = None  # of SAML only


@dataclass(frozen=True, slots=True)
class OidcBegun:
    url: str
    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SamlBegun:
    url: str
    request_id: str
    relay: str


class OidcProvider(Protocol):
    async def begin(self, settings: OidcSettings, redirect_uri: str) -> OidcBegun:
        """Return where to send the browser, and what to remember."""

    async def finish(
        self,
        settings: OidcSettings,
        redirect_uri: str,
        begun: OidcBegun,
        query: Mapping[str, str],
    ) -> Person:
        """Return who came back to *redirect_uri* with the parameters *query*."""


class SamlProvider(Protocol):
    def metadata(self, name_id_format: NameIdFormat) -> str:
        """Return the XML that a provider's administrator asks for."""

    async def begin(self, settings: SamlSettings, relay: str) -> SamlBegun:
        """Return where to send the browser; *relay* comes back, at most 80 bytes."""

    async def finish(
        self, settings: SamlSettings, begun: SamlBegun | None, form: Mapping[str, str]
    ) -> Person:
        """Return who posted *form*; nobody, if it does not answer *begun*.

        Raises `UnsolicitedResponseError` for what should be started from here.
        """


class ForeignTokens(Protocol):
    async def verify(self, token: str, issuer: str, audience: str) -> dict[str, Any]:
        """Return the claims of an ID token, or raise `ForeignTokenError`.

        Signature, issuer, audience and times have been checked; whose token it is
        has not.
        """


class ProviderUnavailableError(UnavailableError):
    """The identity provider does not answer at the moment. Try again."""


class _ProblemError(InvalidError):
    """The identity provider cannot be used."""

    def __str__(self) -> str:
        return f"{super().__str__().rstrip('.')}: {self.facts['problem']}"


class ProviderMetadataError(_ProblemError):
    """The identity provider's metadata cannot be used."""


class ProviderSettingsError(_ProblemError):
    """The identity provider does not accept our settings."""


class _RefusalError(UnauthorizedError):
    """You are unauthorized: the sign-in was refused."""

    def __str__(self) -> str:
        return f"{super().__str__().rstrip('.')}: {self.facts['reason']}"


class SignInRefusedError(_RefusalError):
    """You are unauthorized: the identity provider did not sign you in."""


class SignInMismatchError(UnauthorizedError):
    """You are unauthorized: this answers no sign-in begun here. Start it again."""


class ForeignTokenError(_RefusalError):
    """You are unauthorized: the identity provider's token is not valid."""


class SamlResponseError(_RefusalError):
    """You are unauthorized: the identity provider's SAML response is not valid."""


class UnsolicitedResponseError(UnauthorizedError):
    """You are unauthorized: nobody asked for this SAML response. Sign in from here."""


class EmailMissingError(ForbiddenError):
    """You are unauthorized: the identity provider did not tell your email address.

    Give the person one there, and have the claim "email" put into the ID token or
    the user information.
    """


class EmailUnverifiedError(ForbiddenError):
    """You are unauthorized: your email address is not verified.

    Verify it at the identity provider, then sign in again.
    """


class GroupsOverageError(ForbiddenError):
    """You are unauthorized: you are in too many groups to be listed in a token.

    In Microsoft Entra, open the application's token configuration, edit the groups
    claim and choose "Groups assigned to the application".
    """


class NameMissingError(ForbiddenError):
    """You are unauthorized: the SAML response does not name you.

    Have the identity provider send a NameID.
    """
