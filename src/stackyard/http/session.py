"""Sign-in of browsers: POST to open a session, GET to ask, DELETE to end it."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Literal, TypedDict

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stackyard.http.authentication import COOKIE, Identification
from stackyard.http.problems import BodyError
from stackyard.identity import BrowserSession, Opened, Outcome, SignInCount
from stackyard.kernel.origin import origin

log = structlog.get_logger(__name__)

_WAIT: Final = str(int(SignInCount.WINDOW.total_seconds()))


class CookieFlags(TypedDict):
    httponly: bool
    samesite: Literal["lax"]
    secure: bool


class SignIn(msgspec.Struct, frozen=True):
    username: str
    password: str

    def __repr__(self) -> str:  # a password must not reach a traceback
        return "SignIn(…)"


@dataclass(frozen=True, slots=True)
class SessionRoutes:
    identification: Identification

    def routes(self) -> list[Route]:
        return [
            Route("/session", self._open, methods=["POST"]),
            Route("/session", self._show, methods=["GET"]),
            Route("/session", self._end, methods=["DELETE"]),
        ]

    async def _open(self, request: Request) -> Response:
        """Also from another origin a form can post: JSON it cannot, unasked."""
        self.identification.require_own_origin(request)
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise BodyError
        wanted = await _read(request)
        outcome = await self.identification.sessions.sign_in(
            username=wanted.username,
            password=wanted.password,
            address=origin().address,
            replaces=request.cookies.get(COOKIE),
        )
        match outcome:
            case Opened(token=token, subject=subject):
                log.info("session.opened", name=subject.name)
                return self._with_cookie(token)
            case Outcome.TOO_MANY_TRIES:
                log.warning("session.refused", reason="too many tries")
                return _refuse(HTTPStatus.TOO_MANY_REQUESTS, {"retry-after": _WAIT})
            case Outcome.REFUSED:
                log.warning("session.refused", reason="wrong credentials")
                return _refuse(HTTPStatus.UNAUTHORIZED)

    async def _show(self, request: Request) -> Response:
        subject = await self.identification.require(request)
        return JSONResponse({"name": subject.name, "admin": subject.admin})

    async def _end(self, request: Request) -> Response:
        self.identification.require_own_page(request)
        token = request.cookies.get(COOKIE)
        if token:
            await self.identification.sessions.sign_out(token)
        response = Response(status_code=HTTPStatus.NO_CONTENT)
        response.delete_cookie(COOKIE, path="/", **self._flags())
        return response

    def _with_cookie(self, token: str) -> Response:
        response = Response(status_code=HTTPStatus.NO_CONTENT)
        longest = int(BrowserSession.LONGEST.total_seconds())
        response.set_cookie(COOKIE, token, max_age=longest, path="/", **self._flags())
        return response

    def _flags(self) -> CookieFlags:
        secure = self.identification.site.secure
        return {"httponly": True, "samesite": "lax", "secure": secure}


async def _read(request: Request) -> SignIn:
    try:
        return msgspec.json.decode(await request.body(), type=SignIn)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyError from error


def _refuse(status: HTTPStatus, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(
        {
            "code": status.phrase.upper().replace(" ", "_"),
            "message": "These credentials are not accepted."
            if status is HTTPStatus.UNAUTHORIZED
            else "Too many tries. Wait a while, then try again.",
            "facts": {},
        },
        status,
        headers,
    )
