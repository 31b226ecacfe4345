"""The streams of git over HTTP: bounded bodies in, pieces out, an end to both.

Starlette's own streaming listens for the client's leaving while it answers, which
would take pieces of a body that git is still reading. Here that starts only once the
body has ended.
"""

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

_NO_CACHE: Final = {"Cache-Control": "no-cache, max-age=0, must-revalidate"}
_INFLATED: Final = 256 * 1024
_GZIP_WINDOW: Final = 31


@dataclass(slots=True)
class GitBody:
    """What the client sends, unpacked and bounded in size and patience."""

    request: Request
    limit: int
    patience_seconds: float
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def pieces(self) -> AsyncGenerator[bytes]:
        seen = 0
        inflate = _inflation(self.request)
        raw = aiter(self.request.stream())
        while (piece := await self._next(raw)) is not None:
            for plain in inflate(piece):
                seen += len(plain)
                if seen > self.limit:
                    raise HTTPException(413, "that is too much at once")
                yield plain
        self.ended.set()

    async def _next(self, raw: AsyncIterator[bytes]) -> bytes | None:
        try:
            async with asyncio.timeout(self.patience_seconds):
                return await anext(raw, None)
        except TimeoutError:
            raise HTTPException(408, "nothing came for too long") from None
        except ClientDisconnect:
            raise HTTPException(400, "the client went away") from None


@dataclass(slots=True)
class Transfer:
    """An answer under way. Whoever begins it closes it."""

    pieces: AsyncGenerator[bytes]
    body: GitBody
    slot: asyncio.Semaphore
    first: bytes = b""
    closed: bool = False

    async def begin(self) -> None:
        self.first = await anext(self.pieces, b"")

    async def close(self) -> None:
        """End what is behind it, and let the next one in."""
        if self.closed:
            return
        self.closed = True
        try:
            await self.pieces.aclose()
        finally:
            self.slot.release()


class TransferResponse(Response):
    """Streams a transfer; ends it when the client goes away or falls asleep."""

    def __init__(
        self, transfer: Transfer, media_type: str, patience_seconds: float
    ) -> None:
        super().__init__(None, 200, _NO_CACHE, media_type)
        del self.headers["content-length"]
        self._transfer = transfer
        self._patience = patience_seconds

    async def __call__(
        self,
        scope: Scope,  # noqa: ARG002 - Starlette's signature
        receive: Receive,
        send: Send,
    ) -> None:
        streaming = asyncio.create_task(self._stream(send))
        leaving = asyncio.create_task(self._until_gone(receive))
        try:
            await asyncio.wait(
                {streaming, leaving}, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            leaving.cancel()
            if not streaming.done():
                streaming.cancel()
            await asyncio.wait({streaming, leaving})
            await self._transfer.close()
        if not streaming.cancelled():
            streaming.result()

    async def _stream(self, send: Send) -> None:
        await self._send(
            send,
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            },
        )
        await self._send_piece(send, self._transfer.first, more=True)
        async for piece in self._transfer.pieces:
            await self._send_piece(send, piece, more=True)
        await self._send_piece(send, b"", more=False)

    async def _until_gone(self, receive: Receive) -> None:
        if self._transfer.body.limit:
            await self._transfer.body.ended.wait()
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _send_piece(self, send: Send, piece: bytes, *, more: bool) -> None:
        message = {"type": "http.response.body", "body": piece, "more_body": more}
        await self._send(send, message)

    async def _send(self, send: Send, message: Message) -> None:
        async with asyncio.timeout(self._patience):
            await send(message)


class _Inflation:
    """Unpack gzip a bounded piece at a time, so that a small body is no bomb."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(_GZIP_WINDOW)

    def __call__(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            try:
                plain = self._inflater.decompress(piece, _INFLATED)
            except zlib.error:
                raise HTTPException(400, "that is not gzip") from None
            piece = self._inflater.unconsumed_tail
            if plain:
                yield plain


def _plain(piece: bytes) -> Iterator[bytes]:
    if piece:
        yield piece


def _inflation(request: Request) -> Callable[[bytes], Iterator[bytes]]:
    match request.headers.get("content-encoding", "identity"):
        case "identity":
            return _plain
        case "gzip" | "x-gzip":
            return _Inflation()
        case _:
            raise HTTPException(415, "that content encoding is not known here")
