"""One leg's calls to the control plane, each repeated until it is answered.

An outage is anything that may pass: no connection, no answer in time, a server error,
an answer that some proxy gave instead. What cannot pass is one of two errors.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import httpx
import msgspec
import structlog

from stackyard_protocol.report import Answer, LogEnd, Report, UploadUrl
from stackyard_worker.backoff import delays
from stackyard_worker.conversation import LetGoError

log = structlog.get_logger()

TIMEOUT: Final = httpx.Timeout(30, connect=5)
_GONE: Final = frozenset({401, 403, 410})
_REFUSED: Final = frozenset({400, 405, 411, 413, 414, 415, 422})
_PIECE: Final = 256 * 1024

Content: TypeAlias = bytes | AsyncIterator[bytes]
T = TypeVar("T")


class RefusedError(Exception):
    """The control plane will not take this, however often it is said."""

    def __init__(self, status: int) -> None:
        super().__init__(f"refused with status {status}")
        self.status = status


class _Gap(msgspec.Struct):
    expected: int


@dataclass(frozen=True, slots=True)
class LegLine:
    """Where a leg reports, and with which token."""

    client: httpx.AsyncClient
    api: str
    leg: str
    token: str = field(repr=False)

    async def report(self, report: Report) -> Answer:
        """Return the answer. Raises `LetGoError`, `RefusedError`."""
        body = msgspec.json.encode(report)
        return await self._ask("reports", body, Answer)

    async def upload_url(self) -> str:
        """Return where the workspace may be put. Raises `LetGoError`."""
        return (await self._ask("workspace-url", b"", UploadUrl)).url

    async def chunk(self, version: int, number: int, body: bytes) -> int:
        """Hand over a chunk of log; return the number of the one to send next."""
        path = f"logs/{version}/{number}"
        response = await self._post(path, lambda: body, "application/octet-stream")
        return number + 1 if response.is_success else _expected(response)

    async def end_log(self, version: int, end: LogEnd) -> int:
        """Say that the phase's log is whole; return the chunk to send next, if any."""
        body = msgspec.json.encode(end)
        response = await self._post(f"logs/{version}/end", lambda: body)
        return end.chunks if response.is_success else _expected(response)

    async def errored_state(self, path: Path) -> None:
        """Hand over a state that Terraform could not write."""
        response = await self._post(
            "errored-state", lambda: _pieces(path), "application/octet-stream"
        )
        if not response.is_success:
            raise RefusedError(response.status_code)

    async def _ask(self, path: str, body: bytes, kind: type[T]) -> T:
        for delay in delays():
            response = await self._post(path, lambda: body)
            if not response.is_success:
                raise RefusedError(response.status_code)
            try:
                return msgspec.json.decode(response.content, type=kind)
            except msgspec.DecodeError:  # not the control plane's words
                log.warning("control_plane.unintelligible", leg=self.leg, path=path)
            await asyncio.sleep(delay)
        raise AssertionError  # delays never end

    async def _post(
        self,
        path: str,
        content: Callable[[], Content],
        content_type: str = "application/json",
    ) -> httpx.Response:
        """Post until there is an answer; 409 is one that the caller may understand."""
        url = f"{self.api.rstrip('/')}/worker/legs/{self.leg}/{path}"
        headers = {"authorization": f"Bearer {self.token}"}
        headers["content-type"] = content_type
        away = False
        for delay in delays():
            problem: str
            try:
                response = await self.client.post(
                    url, content=content(), headers=headers, timeout=TIMEOUT
                )
            except (httpx.TransportError, httpx.DecodingError) as error:
                problem = type(error).__name__
            else:
                if self._is_final(response):
                    return response
                problem = str(response.status_code)
            if not away:
                away = True
                log.warning("control_plane.away", leg=self.leg, problem=problem)
            await asyncio.sleep(delay)
        raise AssertionError  # delays never end

    def _is_final(self, response: httpx.Response) -> bool:
        status = response.status_code
        if status in _GONE:
            raise LetGoError
        if status in _REFUSED:
            raise RefusedError(status)
        return response.is_success or status == httpx.codes.CONFLICT


def _expected(response: httpx.Response) -> int:
    try:
        return msgspec.json.decode(response.content, type=_Gap).expected
    except msgspec.DecodeError:
        raise RefusedError(response.status_code) from None


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
