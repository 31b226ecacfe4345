"""HTTP to places that a user named: the one client for that.

It resolves a name itself, checks every address behind it and connects to exactly the
address that was checked, for each redirect anew, so that no name means one thing to
the check and another to the connection. It carries nothing of ours: no cookies, no
proxies, no credentials of the environment.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Self, TypeAlias
from urllib.parse import urljoin, urlsplit

import httpcore

from stackyard.adapters.outbound.addresses import AddressRules
from stackyard.kernel.outbound import (
    Answer,
    Posted,
    RemoteRefusedError,
    RemoteUnavailableError,
    Request,
)

# The addresses of a host, for a port.
Find: TypeAlias = Callable[[str, int], Awaitable[list[str]]]

_REDIRECTS: Final = {301, 302, 303, 307, 308}
_MOST_REDIRECTS: Final = 3
_SECONDS: Final = 30.0
_STEP_SECONDS: Final = 10.0
_STEP: Final = {
    "timeout": dict.fromkeys(("connect", "read", "write", "pool"), _STEP_SECONDS)
}
# No name that can be looked up is a UnicodeError.
_UNREACHABLE: Final = (
    OSError,
    UnicodeError,
    httpcore.NetworkError,
    httpcore.ProtocolError,
)
_HEADERS: Final = {"User-Agent": "stackyard", "Accept": "*/*"}
_AS_GIT: Final = {"User-Agent": "git/2 (stackyard)"}  # some servers ask for it


async def resolve(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections to addresses that pass the rules, and to no others."""

    def __init__(self, rules: AddressRules, find: Find) -> None:
        self._rules = rules
        self._find = find
        self._real = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._find(host, port)
        if not all(self._rules.permits(address) for address in addresses):
            raise RemoteRefusedError(host=host)
        *firsts, last = addresses
        rest = (port, timeout, local_address, socket_options)
        for address in firsts:  # it may listen on one of its addresses only
            with suppress(httpcore.ConnectError):
                return await self._real.connect_tcp(address, *rest)
        return await self._real.connect_tcp(last, *rest)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class GuardedHttp:
    rules: AddressRules
    tls: ssl.SSLContext
    seconds: float = _SECONDS
    find: Find = resolve

    @classmethod
    def guard(
        cls,
        *,
        allowed_networks: Iterable[str] = (),
        tls: ssl.SSLContext | None = None,
    ) -> Self:
        """Return a client; a private installation names the networks it may call."""
        rules = AddressRules.parse(allowed_networks)
        return cls(rules, tls or ssl.create_default_context())

    async def get(self, url: str, *, limit: int) -> Answer:
        return await self.send(Request(url, headers=_AS_GIT), limit=limit)

    async def send(self, request: Request, *, limit: int) -> Answer:
        """Implement `kernel.outbound.Http`."""
        host = urlsplit(request.url).hostname
        try:
            async with asyncio.timeout(self.seconds):
                return await self._follow(request, limit)
        except (TimeoutError, OSError, httpcore.TimeoutException) as error:
            raise RemoteUnavailableError(host=host) from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise RemoteUnavailableError(host=host) from error
        except ValueError as error:  # it sent us on to what is no address
            raise RemoteUnavailableError(host=host) from error

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float
    ) -> Posted:
        """Send *body* once, and return the status; what is answered is not read.

        A redirect is an answer like any other: who moves has to say so to us. Plain
        http is for the user to choose.
        """
        try:
            async with asyncio.timeout(seconds):
                return Posted(await self._post(url, body, headers))
        except RemoteRefusedError as error:
            return Posted(problem=str(error))
        except (TimeoutError, httpcore.TimeoutException):
            return Posted(problem=f"it did not answer within {seconds:g} s")
        except _UNREACHABLE as error:
            return Posted(problem=f"it cannot be reached: {type(error).__name__}")

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        async with (
            self._pool() as pool,
            pool.stream(
                "POST",
                url,
                headers=list(headers.items()),
                content=body,
                extensions=_STEP,
            ) as response,
        ):
            return response.status

    def _pool(self) -> httpcore.AsyncConnectionPool:
        return httpcore.AsyncConnectionPool(
            ssl_context=self.tls, network_backend=GuardedNetwork(self.rules, self.find)
        )

    async def _follow(self, request: Request, limit: int) -> Answer:
        url = request.url
        for _ in range(_MOST_REDIRECTS + 1):
            if not url.isascii():
                raise RemoteUnavailableError(host=urlsplit(url).hostname)
            if urlsplit(url).scheme != "https":
                raise RemoteRefusedError(host=urlsplit(url).hostname)
            answer, location = await self._send(replace(request, url=url), limit)
            if location is None or not _may_move(request):
                return answer
            url = urljoin(url, location)
        raise RemoteUnavailableError(host=urlsplit(url).hostname)

    async def _send(self, request: Request, limit: int) -> tuple[Answer, str | None]:
        async with (
            self._pool() as pool,
            pool.stream(
                request.method,
                request.url,
                headers=list((_HEADERS | dict(request.headers)).items()),
                content=request.body or None,
                extensions=_STEP,
            ) as response,
        ):
            headers = {
                name.lower(): value.decode("latin-1")
                for name, value in response.headers
            }
            if response.status in _REDIRECTS and b"location" in headers:
                return Answer(response.status, "", b""), headers[b"location"]
            body = await _bounded(response, limit)
            kind = headers.get(b"content-type", "").partition(";")[0].strip()
            return Answer(response.status, kind, body), None


def _may_move(request: Request) -> bool:
    """Say whether *request* holds nothing that another host must not get."""
    return not request.body and "Authorization" not in request.headers


async def _bounded(response: httpcore.Response, limit: int) -> bytes:
    body = bytearray()
    async for piece in response.aiter_stream():
        body += piece
        if len(body) > limit:
            raise RemoteUnavailableError(limit=limit)
    return bytes(body)
