"""Sign-in of the command line by a browser, and where it sends the browser after."""

from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stackyard.http.authentication import COOKIE, Identification
from stackyard.http.routes import route
from stackyard.http.sign_on import page
from stackyard.identity import Seen
from stackyard.kernel.cli_login import CliKey, parse_port
from stackyard.kernel.errors import StackyardError, UnauthorizedError
from stackyard.kernel.needs import Rule


@dataclass(frozen=True, slots=True)
class CliLoginRoutes:
    """A person says yes before a token is made: a link alone gives nothing away."""

    identification: Identification

    def routes(self) -> list[Route]:
        return [
            route("/cli_login", self._ask, needs=Rule.ANYBODY),
            route("/cli_login", self._send, methods=["POST"], needs=Rule.ANYBODY),
            route("/auth_success", _succeeded, needs=Rule.ANYBODY),
            route("/auth_failure", _failed, needs=Rule.ANYBODY),
        ]

    async def _ask(self, request: Request) -> Response:
        try:
            _asked(request)
            seen = await self.identification.look(request)
        except UnauthorizedError:
            return _to_sign_in(request)
        except StackyardError as error:
            return page("This link does not work", str(error), HTTPStatus.BAD_REQUEST)
        if not seen.complete:
            return _to_sign_in(request)
        return _question(request, seen)

    async def _send(self, request: Request) -> Response:
        """Give the command line a token, locked so that only it can read it."""
        self.identification.require_own_origin(request)
        try:
            key, port = _asked(request)
        except StackyardError as error:
            return page("This link does not work", str(error), HTTPStatus.BAD_REQUEST)
        token = request.cookies.get(COOKIE, "")
        issued = await self.identification.sessions.issue_for_command_line(token)
        if issued is None:
            return _to_sign_in(request)
        return RedirectResponse(key.seal(issued.jwt).url(port), HTTPStatus.SEE_OTHER)


def _asked(request: Request) -> tuple[CliKey, int]:
    query = request.query_params
    return CliKey.parse(query.get("key", "")), parse_port(query.get("port", ""))


def _question(request: Request, seen: Seen) -> Response:
    query = request.query_params
    said = urlencode({"key": query["key"], "port": query["port"]})
    form = (
        f'<form method="post" action="/cli_login?{escape(said)}">'
        '<button type="submit" autofocus>Sign in</button></form>'
    )
    response = page(
        "Sign in the command line?",
        f"A program on this computer asks to work as {seen.subject.name}."
        " Go on only if you have just started it yourself.",
        more=form,
    )
    # Browsers hold a form's redirect to this list as well.
    port = int(query["port"])
    response.headers["content-security-policy"] = (
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none';"
        f" form-action 'self' http://localhost:{port}"
    )
    return response


def _to_sign_in(request: Request) -> Response:
    here = f"/cli_login?{request.url.query}"
    return RedirectResponse(f"/?return_to={quote(here, safe='')}", HTTPStatus.SEE_OTHER)


async def _succeeded(_request: Request) -> Response:
    return page("Signed in", "The command line is signed in. You may close this page.")


async def _failed(_request: Request) -> Response:
    return page(
        "Not signed in",
        "The command line could not be signed in. Start its login once more.",
        HTTPStatus.FORBIDDEN,
    )
