"""What an error is in HTTP: its kind alone decides the status."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stackyard.kernel.errors import InvalidError, Kind, StackyardError
from stackyard.kernel.ids import new_ulid

log = structlog.get_logger(__name__)

STATUS: Final = {
    Kind.INVALID: HTTPStatus.BAD_REQUEST,
    Kind.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    Kind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Kind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Kind.CONFLICT: HTTPStatus.CONFLICT,
    Kind.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}
_HEADERS: Final = {
    Kind.UNAUTHORIZED: {"www-authenticate": "Bearer"},
    Kind.UNAVAILABLE: {"retry-after": "1"},
}


class BodyTooLargeError(InvalidError):
    """The request's body is larger than this address takes."""


class BodyError(InvalidError):
    """The request's body is not the JSON object that is expected here."""


def respond(error: StackyardError) -> Response:
    """Say a foreseen error. Facts never hold secrets, so they are said too."""
    status = STATUS[error.kind]
    if isinstance(error, BodyTooLargeError):
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    facts = {name: str(value) for name, value in error.facts.items()}
    return JSONResponse(
        {"code": error.kind, "message": str(error), "facts": facts},
        status,
        _HEADERS.get(error.kind),
    )


async def handle_foreseen(_request: Request, error: Exception) -> Response:
    if not isinstance(error, StackyardError):
        raise error
    return respond(error)


async def handle_http(_request: Request, error: Exception) -> Response:
    """Say what the router says (404, 405) the way we say everything."""
    if not isinstance(error, HTTPException):
        raise error
    return plain(HTTPStatus(error.status_code), error.headers)


def plain(status: HTTPStatus, headers: Mapping[str, str] | None = None) -> Response:
    """Say what the status says, and nothing more."""
    code = status.phrase.upper().replace(" ", "_")
    said = {"code": code, "message": status.phrase, "facts": {}}
    return JSONResponse(said, status, headers)


def unforeseen(error: Exception) -> Response:
    """Say nothing of a bug but the number under which the log has it."""
    error_id = new_ulid()
    log.error("http.failed", error_id=error_id, exc_info=error)
    return JSONResponse(
        {
            "code": "INTERNAL",
            "message": "Something went wrong here.",
            "facts": {"error": error_id},
        },
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )
