"""What happens to every request: an id, a log line, headers, limits, no bare crash.

Plain ASGI, so that a response may stream for as long as it likes.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stackyard.http.address import Network, client_address
from stackyard.http.problems import BodyTooLargeError, plain, unforeseen
from stackyard.kernel.ids import new_ulid
from stackyard.kernel.origin import Origin, coming_from

log = structlog.get_logger("stackyard.http")

# Who is calling, as the known clients say it.
_CLIENT: Final = {
    "spacelift-client-type": "client",
    "spacelift-graphql-query": "operation",
    "spacelift-graphql-mutation": "operation",
}
_LONGEST_SAID: Final = 100
_REQUEST_ID: Final = "stackyard.request_id"


@dataclass(frozen=True, slots=True)
class RequestLog:
    """Gives each request an id, and says afterwards how it went.

    The path is logged as the route has it, with its parameters unfilled, and without
    the query: an address may itself be the secret.
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = scope[_REQUEST_ID] = new_ulid()
        status, started = 0, time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, watch)
            finally:
                log.info(
                    "http.answered",
                    method=scope["method"],
                    route=getattr(scope.get("route"), "path", None),
                    status=status,
                    milliseconds=round((time.perf_counter() - started) * 1000, 1),
                    **_said_by(Headers(scope=scope)),
                )


def _said_by(headers: Headers) -> dict[str, str]:
    return {
        field: headers[name][:_LONGEST_SAID]
        for name, field in _CLIENT.items()
        if name in headers
    }


@dataclass(frozen=True, slots=True)
class Origins:
    """Says where each request comes from, to whoever writes it down."""

    app: ASGIApp
    trusted_proxies: Sequence[Network] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        peer = scope.get("client")
        where = Origin(
            address=client_address(
                peer[0] if peer else "",
                headers.getlist("x-forwarded-for"),
                self.trusted_proxies,
            ),
            client=headers.get("spacelift-client-type", ""),
            user_agent=headers.get("user-agent", ""),
            request_id=scope.get(_REQUEST_ID, ""),
        )
        with coming_from(where):
            await self.app(scope, receive, send)


@dataclass(frozen=True, slots=True)
class ResponseHeaders:
    """Adds *headers* to every response that does not set them itself."""

    app: ASGIApp
    headers: Mapping[str, str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    given.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, add)


@dataclass(frozen=True, slots=True)
class Crashes:
    """An error that nobody foresaw becomes one log line and a plain 500."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            if begun or scope["type"] != "http":
                raise  # half an answer is out: only a cut connection tells the truth
            await unforeseen(error)(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Paths:
    """A path with a NUL in it leads nowhere: PostgreSQL would not even be asked."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        nowhere = scope["type"] == "http" and "\0" in scope["path"]
        answer = plain(HTTPStatus.NOT_FOUND) if nowhere else self.app
        await answer(scope, receive, send)


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How large a body may be: *limit* bytes, or what the longest prefix says.

    The error is raised where the body is read, so each route says it its own way.
    """

    app: ASGIApp
    limit: int
    by_prefix: Mapping[str, int | None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self._of(scope["path"]) if scope["type"] == "http" else None
        if limit is None:
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        refused = declared.isdecimal() and int(declared) > limit
        taken = 0

        async def measured() -> Message:
            nonlocal taken
            if refused:
                raise BodyTooLargeError(limit=limit)
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise BodyTooLargeError(limit=limit)
            return message

        await self.app(scope, measured, send)

    def _of(self, path: str) -> int | None:
        fitting = [prefix for prefix in self.by_prefix if path.startswith(prefix)]
        return self.by_prefix[max(fitting, key=len)] if fitting else self.limit
