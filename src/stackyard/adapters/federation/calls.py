"""Calls to a provider, and what its answers mean."""

import json
from typing import Any, Final
from urllib.parse import urlsplit

from stackyard.kernel.federation import (
    ProviderMetadataError,
    ProviderUnavailableError,
)
from stackyard.kernel.outbound import (
    Answer,
    Http,
    RemoteUnavailableError,
    Request,
)

OK: Final = 200
MOST_BYTES: Final = 1024 * 1024
_SERVER_ERRORS: Final = 500
_TOO_MANY_REQUESTS: Final = 429
_JSON: Final = {"Accept": "application/json"}


async def call(http: Http, request: Request) -> Answer:
    """Return an answer that the provider meant; a broken provider is unavailable."""
    check_url(request.url)
    try:
        answer = await http.send(request, limit=MOST_BYTES)
    except RemoteUnavailableError as error:
        raise ProviderUnavailableError(**error.facts) from error
    if answer.status >= _SERVER_ERRORS or answer.status == _TOO_MANY_REQUESTS:
        raise ProviderUnavailableError(url=request.url, status=answer.status)
    return answer


async def read(http: Http, url: str, *, accept: str | None = None) -> bytes:
    headers = {"Accept": accept} if accept else {}
    answer = await call(http, Request(url, headers=headers))
    if answer.status != OK:
        raise ProviderMetadataError(
            problem=f"{url} answers {answer.status}; check the address"
        )
    return answer.body


async def read_json(http: Http, url: str) -> dict[str, Any]:
    return json_object(await read(http, url, accept=_JSON["Accept"]), url)


def json_object(body: bytes, url: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProviderMetadataError(problem=f"{url} answers no JSON") from error
    if not isinstance(found, dict):
        raise ProviderMetadataError(problem=f"{url} answers no JSON object")
    return found


def check_url(url: str) -> None:
    """Refuse what is not the address of a web server that can be trusted."""
    try:
        parts = urlsplit(url)
        good = parts.scheme == "https" and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or not url.isascii() or not url.isprintable() or " " in url:
        raise ProviderMetadataError(problem=f"{url[:200]!r} is no https URL")
