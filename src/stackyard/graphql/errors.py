"""Turn errors into what a client is told, in one place."""

import re
from typing import Any, Final

import structlog
from graphql import GraphQLError

from stackyard.kernel.errors import Kind, StackyardError
from stackyard.kernel.ids import new_ulid

log = structlog.get_logger(__name__)

# Existing clients look for this word, in lower case, in the text.
_UNAUTHORIZED: Final = "unauthorized"
# Where the library goes on with what was sent, which may be a secret that a client
# then prints: a newer provider that sends one field more, for instance.
_ECHO: Final = re.compile(
    r"(?P<kept> cannot represent [\w -]*value): .*|,? [Ff]ound:? .*", re.DOTALL
)


def present(error: GraphQLError) -> dict[str, Any]:
    """Show a foreseen error as it is; of a bug only the number it has in the log."""
    match error.original_error:
        case StackyardError() as cause:
            return dict(error.formatted) | foreseen(cause)
        case None | GraphQLError() if error.path is None:  # a malformed query
            return dict(error.formatted) | {
                "message": _ECHO.sub(r"\g<kept>", error.message)
            }
        case None | GraphQLError():  # words a resolver chose: already said
            return dict(error.formatted)
        case cause:
            error_id = new_ulid()
            log.error(
                "graphql.failed", error_id=error_id, path=error.path, exc_info=cause
            )
            return dict(error.formatted) | {
                "message": "Something went wrong here.",
                "extensions": {"code": "INTERNAL", "facts": {"error": error_id}},
            }


def foreseen(cause: StackyardError) -> dict[str, Any]:
    """Return message and extensions: the kind and the facts."""
    message = str(cause)
    refused = cause.kind in {Kind.UNAUTHORIZED, Kind.FORBIDDEN}
    if refused and _UNAUTHORIZED not in message:
        message = f"{_UNAUTHORIZED}: {message}"
    facts = {name: str(value) for name, value in cause.facts.items()}
    return {"message": message, "extensions": {"code": cause.kind, "facts": facts}}


def is_absence(error: GraphQLError) -> bool:
    """Say whether it only means that there is no such thing."""
    cause = error.original_error
    return isinstance(cause, StackyardError) and cause.kind is Kind.NOT_FOUND
