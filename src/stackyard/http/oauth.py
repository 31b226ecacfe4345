"""`terraform login`: a browser says yes, and Terraform comes for a token (RFC 6749)."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from stackyard.http.authentication import COOKIE, Identification
from stackyard.http.consent import question, to_sign_in
from stackyard.http.routes import route
from stackyard.http.sign_on import page
from stackyard.identity import IssuedToken
from stackyard.kernel.errors import StackyardError, UnauthorizedError
from stackyard.kernel.needs import Rule
from stackyard.kernel.terraform_login import (
    CLIENT,
    FIRST_PORT,
    LAST_PORT,
    Callback,
    bound,
    challenge_of,
    problem_with,
)

log = structlog.get_logger(__name__)

AUTHORIZATION: Final = "/oauth/authorization"
TOKEN: Final = "/oauth/token"  # noqa: S105 - an address
LOGIN: Final[Mapping[str, Any]] = {
    "client": CLIENT,
    "grant_types": ["authz_code"],
    "authz": AUTHORIZATION,
    "token": TOKEN,
    "ports": [FIRST_PORT, LAST_PORT],
}
_ASKED_WITH: Final = ("code", "code_verifier", "redirect_uri")


@dataclass(frozen=True, slots=True)
class OauthRoutes:
    identification: Identification

    def routes(self) -> list[Route]:
        return [
            route(AUTHORIZATION, self._ask, needs=Rule.ANYBODY),
            route(AUTHORIZATION, self._agree, methods=["POST"], needs=Rule.ANYBODY),
            route(TOKEN, self._token, methods=["POST"], needs=Rule.ANYBODY),
        ]

    async def _ask(self, request: Request) -> Response:
        callback = _callback(request)
        if isinstance(callback, Response):
            return callback
        try:
            seen = await self.identification.look(request)
        except UnauthorizedError:
            return to_sign_in(request)
        if not seen.complete:
            return to_sign_in(request)
        return question(request, seen, program="Terraform", listens=callback.origin)

    async def _agree(self, request: Request) -> Response:
        """Send Terraform a code. It is nothing without what only Terraform knows."""
        self.identification.require_own_origin(request)
        callback = _callback(request)
        if isinstance(callback, Response):
            return callback
        code = await self.identification.sessions.offer_code(
            request.cookies.get(COOKIE, ""),
            bound(request.query_params["code_challenge"], callback.url),
        )
        if code is None:
            return to_sign_in(request)
        return _redirect(callback.with_answer(code=code))

    async def _token(self, request: Request) -> Response:
        async with request.form(max_files=0) as form:
            said = {name: value for name, value in form.items() if _is_text(value)}
            repeated = len(form.multi_items()) > len(form)
        if said.get("client_id") != CLIENT:
            return _refused("invalid_client", f"client_id must be {CLIENT}.")
        if "grant_type" in said and said["grant_type"] != "authorization_code":
            return _refused(
                "unsupported_grant_type", "grant_type must be authorization_code."
            )
        missing = [one for one in ("grant_type", *_ASKED_WITH) if not said.get(one)]
        if missing or repeated:
            what = f"{missing[0]} is missing." if missing else "A parameter came twice."
            return _refused("invalid_request", what)
        code, verifier, redirect_uri = (str(said[name]) for name in _ASKED_WITH)
        challenge = challenge_of(verifier)
        if challenge is None:
            return _refused("invalid_request", "code_verifier is none of RFC 7636.")
        sessions = self.identification.sessions
        issued = await sessions.redeem_code(code, bound(challenge, redirect_uri))
        if not isinstance(issued, IssuedToken):
            return _refused("invalid_grant", issued)
        return JSONResponse(
            {
                "access_token": issued.jwt,
                "token_type": "bearer",
                "expires_in": issued.valid_until - int(sessions.clock().timestamp()),
            }
        )


def _callback(request: Request) -> Callback | Response:
    """Return where Terraform listens, or how it is answered that it asked wrongly."""
    try:
        callback = Callback.parse(request.query_params)
    except StackyardError as error:
        return page("This link does not work", str(error), HTTPStatus.BAD_REQUEST)
    problem = problem_with(request.query_params)
    if problem is None:
        return callback
    code, description = problem
    return _redirect(callback.with_answer(error=code, error_description=description))


def _refused(error: str, description: str) -> Response:
    log.warning("login.refused", error=error, description=description)
    return JSONResponse(
        {"error": error, "error_description": description}, HTTPStatus.BAD_REQUEST
    )


def _redirect(url: str) -> Response:
    return RedirectResponse(url, HTTPStatus.SEE_OTHER)


def _is_text(value: object) -> bool:
    return isinstance(value, str)
