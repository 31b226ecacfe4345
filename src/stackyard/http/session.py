"""Sign-in of browsers: POST to open a session, GET to ask, DELETE to end it."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Literal, TypedDict, TypeVar

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stackyard.http.authentication import COOKIE, Identification, place_of
from stackyard.http.problems import BodyError
from stackyard.http.routes import route
from stackyard.identity import (
    CredentialsError,
    KeyExchange,
    Opened,
    Outcome,
    Session,
    SignIn,
    SignInCount,
    TooManyTriesError,
)
from stackyard.kernel.errors import UnauthorizedError
from stackyard.kernel.ids import ApiKeyId
from stackyard.kernel.needs import Rule
from stackyard.kernel.site import Site

log = structlog.get_logger(__name__)

_WAIT: Final = str(int(SignInCount.WINDOW.total_seconds()))
BodyT = TypeVar("BodyT", bound=msgspec.Struct)


class CookieFlags(TypedDict):
    httponly: bool
    samesite: Literal["lax"]
    secure: bool


class Password(msgspec.Struct, frozen=True):
    username: str
    password: str

    def __repr__(self) -> str:  # a password must not reach a traceback
        return "Password(…)"


class KeyAndSecret(msgspec.Struct, frozen=True):
    id: str
    secret: str

    def __repr__(self) -> str:
        return "KeyAndSecret(…)"


@dataclass(frozen=True, slots=True)
class SessionRoutes:
    identification: Identification
    sign_in: SignIn
    key_exchange: KeyExchange

    def routes(self) -> list[Route]:
        return [
            route("/session", self._open, methods=["POST"], needs=Rule.ANYBODY),
            route("/session", self._show, needs=Rule.SIGNED_IN),
            route("/session", self._end, methods=["DELETE"], needs=Rule.ANYBODY),
            route(
                "/session/key",
                self._open_with_key,
                methods=["POST"],
                needs=Rule.ANYBODY,
            ),
        ]

    async def _open(self, request: Request) -> Response:
        self._require_json_of_own(request)
        wanted = await read(request, Password)
        outcome = await self.sign_in.by_password(
            username=wanted.username,
            password=wanted.password,
            place=place_of(request),
            replaces=request.cookies.get(COOKIE),
        )
        match outcome:
            case Opened():
                return self.opened(outcome)
            case Outcome.TOO_MANY_TRIES:
                return refused(TooManyTriesError())
            case Outcome.REFUSED:
                return refused(CredentialsError())

    async def _open_with_key(self, request: Request) -> Response:
        """For whoever has an API key, when nothing else works."""
        self._require_json_of_own(request)
        wanted = await read(request, KeyAndSecret)
        try:
            proven = await self.key_exchange.prove(
                ApiKeyId(wanted.id), secret=wanted.secret, place=place_of(request)
            )
        except UnauthorizedError as error:
            return refused(error)
        if proven is None:
            return refused(CredentialsError())
        return self.opened(
            await self.sign_in.by_key(
                proven, place=place_of(request), replaces=request.cookies.get(COOKIE)
            )
        )

    async def _show(self, request: Request) -> Response:
        """Say who this is, and whether a second factor is still to be shown."""
        seen = await self.identification.look(request)
        said: dict[str, Any] = {
            "name": seen.subject.name,
            "admin": seen.subject.admin,
            "method": seen.method,
            "second_factor": seen.second_factor,
        }
        return JSONResponse(said)

    async def _end(self, request: Request) -> Response:
        self.identification.require_own_page(request)
        token = request.cookies.get(COOKIE)
        if token:
            await self.identification.sessions.sign_out(token)
        response = Response(status_code=HTTPStatus.NO_CONTENT)
        response.delete_cookie(COOKIE, path="/", **flags(self.identification.site))
        return response

    def opened(self, opened: Opened) -> Response:
        log.info("session.opened", name=opened.subject.name)
        response = Response(status_code=HTTPStatus.NO_CONTENT)
        set_cookie(response, opened.token, self.identification.site)
        return response

    def _require_json_of_own(self, request: Request) -> None:
        """Also from another origin a form can post: JSON it cannot, unasked."""
        self.identification.require_own_origin(request)
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise BodyError


def set_cookie(response: Response, token: str, site: Site) -> None:
    longest = int(Session.LONGEST.total_seconds())
    response.set_cookie(COOKIE, token, max_age=longest, path="/", **flags(site))


def flags(site: Site) -> CookieFlags:
    return {"httponly": True, "samesite": "lax", "secure": site.secure}


async def read(request: Request, kind: type[BodyT]) -> BodyT:
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyError from error


def refused(error: UnauthorizedError) -> Response:
    """Say no in the same words, whatever was wrong, but for too many tries."""
    too_many = isinstance(error, TooManyTriesError)
    log.warning("session.refused", reason=type(error).__name__)
    status = HTTPStatus.TOO_MANY_REQUESTS if too_many else HTTPStatus.UNAUTHORIZED
    return JSONResponse(
        {
            "code": status.phrase.upper().replace(" ", "_"),
            "message": "Too many tries. Wait a while, then try again."
            if too_many
            else "These credentials are not accepted.",
            "facts": {},
        },
        status,
        {"retry-after": _WAIT} if too_many else None,
    )
