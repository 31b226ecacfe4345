"""Sign-in of the command line by a browser, and where it sends the browser after."""

from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stackyard.http.authentication import COOKIE, Identification
from stackyard.http.consent import question, to_sign_in
from stackyard.http.routes import route
from stackyard.http.sign_on import page
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
            _, port = _asked(request)
            seen = await self.identification.look(request)
        except UnauthorizedError:
            return to_sign_in(request)
        except StackyardError as error:
            return page("This link does not work", str(error), HTTPStatus.BAD_REQUEST)
        if not seen.complete:
            return to_sign_in(request)
        listens = f"http://localhost:{port}"
        return question(request, seen, program="the command line", listens=listens)

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
            return to_sign_in(request)
        return RedirectResponse(key.seal(issued.jwt).url(port), HTTPStatus.SEE_OTHER)


def _asked(request: Request) -> tuple[CliKey, int]:
    query = request.query_params
    return CliKey.parse(query.get("key", "")), parse_port(query.get("port", ""))


async def _succeeded(_request: Request) -> Response:
    return page("Signed in", "The command line is signed in. You may close this page.")


async def _failed(_request: Request) -> Response:
    return page(
        "Not signed in",
        "The command line could not be signed in. Start its login once more.",
        HTTPStatus.FORBIDDEN,
    )
