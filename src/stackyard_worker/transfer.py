"""Bytes to and from signed URLs: streamed, bounded, repeated through an outage.

The URL is a secret as long as it is good, so no error names it.
"""

import asyncio
import functools
import hashlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final

import httpx

from stackyard_worker.errors import LegFailedError

_PIECE: Final = 1024 * 1024
_TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
_LONGEST_PAUSE: Final = 15.0
_WORTH_A_RETRY: Final = {408, 425, 429}


class _AgainError(Exception):
    """This attempt failed; the next may not. The argument says why."""


async def download(
    url: str, to: Path, *, sha256: str, most: int, seconds: float
) -> None:
    """Fetch *url* into a file and make sure that it is what was announced."""

    async def attempt() -> None:
        digest = hashlib.sha256()
        size = 0
        async with _client() as client, client.stream("GET", url) as response:
            _check(response)
            with to.open("wb") as file:
                # raw: a gzipped body must not be unpacked on the way
                async for piece in response.aiter_raw(_PIECE):
                    size += len(piece)
                    if size > most:
                        raise LegFailedError(f"A download is over {most} bytes long.")
                    digest.update(piece)
                    await asyncio.to_thread(file.write, piece)
        if digest.hexdigest() != sha256.lower():
            raise LegFailedError("A download is not what was announced (SHA-256).")

    await _persist(attempt, "download", seconds)


async def upload(
    file: Path, url: Callable[[], Awaitable[str]], *, seconds: float
) -> None:
    """Put a file to a signed URL, asking for a fresh one with every attempt."""

    # stores want the length in advance and no chunks
    headers = {"Content-Length": str(_size(file))}

    async def attempt() -> None:
        target = await url()
        async with _client() as client:
            response = await client.put(target, content=_pieces(file), headers=headers)
            # a signature may have run out in the meantime: ask for another
            _check(response, retry=response.status_code in {401, 403})

    await _persist(attempt, "upload", seconds)


async def _persist(
    attempt: Callable[[], Awaitable[None]], what: str, seconds: float
) -> None:
    """Try again, ever more slowly, until the time is up."""
    reason = "no answer in time"
    try:
        async with asyncio.timeout(seconds):
            pause = 0.2
            while True:
                try:
                    return await attempt()
                except (httpx.TransportError, _AgainError) as error:
                    reason = str(error) or type(error).__name__
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
    except TimeoutError:
        raise LegFailedError(f"A {what} did not succeed: {reason}.") from None


def _check(response: httpx.Response, *, retry: bool = False) -> None:
    status = response.status_code
    if response.is_success:
        return
    if retry or status >= 500 or status in _WORTH_A_RETRY:  # noqa: PLR2004 - HTTP
        raise _AgainError(f"HTTP status {status}")
    raise LegFailedError(f"The store refused a transfer: HTTP status {status}.")


def _size(file: Path) -> int:
    return file.stat().st_size


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as source:
        while piece := await asyncio.to_thread(source.read, _PIECE):
            yield piece


@functools.cache
def public_trust() -> ssl.SSLContext:
    """Trust what the machine trusts. Made once: reading the bundle takes a while."""
    return ssl.create_default_context()


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(verify=public_trust(), timeout=_TIMEOUT)
