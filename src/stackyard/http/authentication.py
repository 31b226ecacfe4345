"""Who sent this request: a bearer token, the session cookie, or a name and password."""

import base64
import binascii
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from stackyard.identity import (
    Authenticator,
    CredentialsError,
    SecondFactor,
    Seen,
    SessionMethod,
    Sessions,
)
from stackyard.kernel.access import NOBODY, Subject
from stackyard.kernel.caller import Place
from stackyard.kernel.errors import ForbiddenError, UnauthorizedError
from stackyard.kernel.ids import SessionId
from stackyard.kernel.origin import origin
from stackyard.kernel.site import Site

COOKIE: Final = "stackyard_session"
CSRF_HEADER: Final = "x-stackyard-csrf"
_SAFE: Final = {"GET", "HEAD", "OPTIONS"}


class CrossSiteError(ForbiddenError):
    """You are unauthorized: this did not come from the application's own pages."""


@dataclass(frozen=True, slots=True)
class Identification:
    """Reads a request's credentials. An explicit header wins over the cookie."""

    authenticator: Authenticator
    sessions: Sessions
    site: Site

    async def of(self, request: Request) -> Subject:
        """Return who asks; NOBODY without credentials; raise if they are not valid."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return await self.authenticator.bearer(value.strip())
        if scheme.lower() == "basic":
            return await self.authenticator.basic(*_name_and_password(value))
        if scheme:
            raise CredentialsError
        token = request.cookies.get(COOKIE)
        subject = await self.sessions.find(token) if token else None
        if subject is None:
            return NOBODY
        if request.method not in _SAFE:
            self.require_own_page(request)
        return subject

    async def look(self, request: Request) -> Seen:
        """Return whose browser this is, though a second factor may be wanting yet.

        A request with another kind of credentials is of nobody who needs one.
        """
        token = request.cookies.get(COOKIE)
        if "authorization" in request.headers or not token:
            subject = await self.require(request)
            return Seen(
                subject, SessionId(""), SessionMethod.API_KEY, SecondFactor.NOT_NEEDED
            )
        seen = await self.sessions.look(token)
        if seen is None:
            raise UnauthorizedError
        if request.method not in _SAFE:
            self.require_own_page(request)
        return seen

    async def require(self, request: Request) -> Subject:
        """Return who asks, or raise `UnauthorizedError` if it is nobody."""
        subject = await self.of(request)
        if subject is NOBODY:
            raise UnauthorizedError
        return subject

    def require_own_page(self, request: Request) -> None:
        """Refuse what another site made a signed-in browser send.

        Such a site cannot set the header without our leave, which we never give; the
        origin is checked as well, since browsers send it and pages cannot forge it.
        """
        if request.headers.get(CSRF_HEADER) != "1":
            raise CrossSiteError(missing=CSRF_HEADER)
        self.require_own_origin(request)

    def require_own_origin(self, request: Request) -> None:
        origin = request.headers.get("origin")
        if origin is None or origin == self.site.base_url:
            return
        parts = urlsplit(origin)
        own = parts.scheme in {"http", "https"} and parts.netloc
        if not own or parts.netloc != request.headers.get("host"):
            raise CrossSiteError(origin=origin)


def place_of(request: Request) -> Place:
    """Return where the request came from."""
    return Place(origin().address, request.headers.get("user-agent", ""))


def _name_and_password(value: str) -> tuple[str, str]:
    try:
        said = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise CredentialsError from error
    name, separator, password = said.partition(":")
    if not separator:
        raise CredentialsError
    return name, password
