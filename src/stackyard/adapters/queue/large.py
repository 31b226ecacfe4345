"""Bodies too large for a queue: they wait in the object store, and a pointer travels.

The same for every implementation: SQS takes 256 KiB, and PostgreSQL's log is spared.
The object is there before the message, and goes after it. One that is left over (its
transaction was rolled back, its message died) is left to the lifecycle of the bucket.
"""

import asyncio
import json
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog

from stackyard.kernel.blobs import BlobNotFoundError, Blobs, Bucket
from stackyard.kernel.errors import InvalidError, UnavailableError
from stackyard.kernel.ids import new_ulid
from stackyard.kernel.queue import DEAD, Message, Queue, Source

log = structlog.get_logger()

LARGEST: Final = 200_000  # bytes; leaves room for attributes below 256 KiB
LARGE: Final = Bucket.LARGE_QUEUE_MESSAGES
STORE_SECONDS: Final = 5.0  # less than a message is hidden for
_POINTER: Final = "large_body"
_LABELS: Final = frozenset({"reaction", "event", "tick"})  # stay readable


class BodyTooLargeError(InvalidError):
    """That is too large for a queue, and this process has no bucket to put it in."""


def as_text(body: dict[str, Any]) -> str:
    """Return *body* as it travels: ASCII, so that no carrier finds fault with it."""
    return json.dumps(body, separators=(",", ":"))


def claim_in(body: dict[str, Any]) -> str | None:
    """Return the key of the object that has the body, if *body* is a pointer.

    Only what looks exactly like ours is one: a worker may say what it likes.
    """
    pointer = body.get(_POINTER)
    if body.keys() - _LABELS != {_POINTER} or not isinstance(pointer, dict):
        return None
    key = pointer.get("key")
    return key if isinstance(key, str) else None


def _pointer(body: dict[str, Any], key: str) -> dict[str, Any]:
    return {k: body[k] for k in _LABELS & body.keys()} | {_POINTER: {"key": key}}


@dataclass(frozen=True, slots=True)
class LargeBodies:
    blobs: Blobs

    async def check_in(self, queue: Queue, body: dict[str, Any]) -> dict[str, Any]:
        """Return what to send in place of *body*: itself, unless it is too large.

        Who knows that a body is large does this before it opens its transaction; the
        sender does it for whoever did not, and that transaction waits for the store.
        """
        text = as_text(body)
        if len(text) <= LARGEST:
            return body
        key = f"{queue}/{new_ulid()}"
        await self.blobs.put(LARGE, key, text.encode())
        return _pointer(body, key)

    async def fetch(self, key: str) -> dict[str, Any]:
        text = await self.blobs.get(LARGE, key)
        body: dict[str, Any] = await asyncio.to_thread(json.loads, text)
        return body

    async def forget(self, key: str) -> None:
        """Delete what is not needed any more, or leave it to the lifecycle."""
        try:
            async with asyncio.timeout(STORE_SECONDS):
                await self.blobs.delete(LARGE, key)
        except (UnavailableError, TimeoutError) as error:
            log.info("message.body_left", key=key, reason=type(error).__name__)


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A source whose messages have their whole bodies, but for the dead: they are told.

    A store that is away is not the message's fault; a body that is gone is.
    """

    source: Source
    large: LargeBodies

    async def wait(self, queue: Queue) -> None:
        await self.source.wait(queue)

    async def receive(
        self, queue: Queue, *, limit: int, visibility_seconds: float
    ) -> list[Message]:
        messages = await self.source.receive(
            queue, limit=limit, visibility_seconds=visibility_seconds
        )
        if queue in DEAD:
            return messages
        whole = await asyncio.gather(
            *map(self._unpack, messages), return_exceptions=True
        )
        for error in whole:
            if isinstance(error, Exception):  # it comes back by itself, and that counts
                log.error("message.not_unpacked", queue=queue, exc_info=error)
        return [message for message in whole if isinstance(message, Message)]

    async def extend(self, message: Message, *, visibility_seconds: float) -> bool:
        return await self.source.extend(message, visibility_seconds=visibility_seconds)

    async def acknowledge(self, message: Message) -> bool:
        good = await self.source.acknowledge(_packed(message))
        if good and message.claim is not None:
            await self.large.forget(message.claim)
        return good

    async def give_back(self, message: Message, *, delay_seconds: float) -> bool:
        return await self.source.give_back(
            _packed(message), delay_seconds=delay_seconds
        )

    async def bury(self, message: Message, *, reason: str) -> bool:
        return await self.source.bury(_packed(message), reason=reason)

    async def _unpack(self, message: Message) -> Message | None:
        claim = claim_in(message.body)
        if claim is None:
            return message
        try:
            async with asyncio.timeout(STORE_SECONDS):
                body = await self.large.fetch(claim)
        except BlobNotFoundError:
            reason = "its body is not in the object store any more: it was handled"
            await self.source.bury(message, reason=f"{reason} before, or kept too long")
        except (UnavailableError, TimeoutError) as error:
            log.warning("message.body_awaited", key=claim, reason=type(error).__name__)
            delay = float(min(15, 2 ** min(message.returns, 4)))
            await self.source.give_back(message, delay_seconds=delay)
        else:
            return replace(message, body=body, claim=claim)
        return None


def _packed(message: Message) -> Message:
    if message.claim is None:
        return message
    body = _pointer(message.body, message.claim)
    return replace(message, body=body, claim=None)
