"""`POST /graphql`: the transport of the graph. What a query means is not its business.

The status is 200 whatever happens: existing clients take any other for a fault of the
network, and some then try again.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stackyard.http.authentication import Identification, place_of
from stackyard.http.problems import BodyError
from stackyard.http.routes import route
from stackyard.kernel.access import NOBODY
from stackyard.kernel.caller import Caller
from stackyard.kernel.errors import StackyardError, UnauthorizedError
from stackyard.kernel.needs import Rule

_NUL: Final = "\0"


class Execute(Protocol):
    """`graphql.execution.Graph.answer`, seen from here."""

    def __call__(
        self,
        query: str,
        *,
        variables: dict[str, Any] | None,
        operation_name: str | None,
        caller: Caller,
    ) -> Awaitable[dict[str, Any]]: ...


class Asked(msgspec.Struct, frozen=True):
    """The body. Unknown members are ignored, as other servers do."""

    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815 - the protocol's name


class NulError(BodyError):
    """A variable holds a NUL character, which nothing here can store."""


class NoQueryError(BodyError):
    """The body must be a JSON object with the member "query"."""


@dataclass(frozen=True, slots=True)
class GraphRoute:
    execute: Execute
    identification: Identification

    def route(self) -> Route:
        """Anybody may ask; what may be answered, each field of the schema says."""
        return route("/graphql", self._post, methods=["POST"], needs=Rule.ANYBODY)

    async def _post(self, request: Request) -> Response:
        try:
            asked = await _read(request)
            caller = await self._who(request)
        except StackyardError as error:
            return _say({"data": None, "errors": [_told(error)]})
        return _say(
            await self.execute(
                asked.query,
                variables=asked.variables,
                operation_name=asked.operationName or None,
                caller=caller,
            )
        )

    async def _who(self, request: Request) -> Caller:
        """Bad credentials make a nobody: the few open fields answer even so."""
        try:
            subject = await self.identification.of(request)
        except UnauthorizedError as error:
            return Caller(NOBODY, error, place=place_of(request))
        return Caller(subject, headers=request.headers, place=place_of(request))


async def _read(request: Request) -> Asked:
    try:
        body = await request.body()
        asked = msgspec.json.decode(body, type=Asked)
        if b"\\u0000" in body and _holds_nul(asked.variables):
            raise NulError
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NoQueryError from error
    return asked


def _holds_nul(value: Any) -> bool:
    match value:
        case str():
            return _NUL in value
        case dict():
            return any(_holds_nul(part) for pair in value.items() for part in pair)
        case list():
            return any(_holds_nul(part) for part in value)
        case _:
            return False


def _told(error: StackyardError) -> dict[str, Any]:
    facts = {name: str(value) for name, value in error.facts.items()}
    return {
        "message": str(error),
        "extensions": {"code": error.kind, "facts": facts},
    }


def _say(answer: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")
