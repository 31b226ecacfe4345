"""Large, opaque things: state files, logs, workspaces, source archives."""

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Protocol

from stackyard.kernel.errors import NotFoundError


class BlobNotFoundError(NotFoundError):
    """There is nothing under that key."""


class Bucket(StrEnum):
    """One per retention; the operator names each (`OBJECT_STORAGE_BUCKET_…`)."""

    LARGE_QUEUE_MESSAGES = "LARGE_QUEUE_MESSAGES"
    METADATA = "METADATA"
    MODULES = "MODULES"
    RUN_LOGS = "RUN_LOGS"
    STATES = "STATES"
    UPLOADS = "UPLOADS"
    USER_UPLOADED_WORKSPACES = "USER_UPLOADED_WORKSPACES"
    WORKSPACE = "WORKSPACE"


class Blobs(Protocol):
    """Keys are made by us, never taken from a request, and hold `[A-Za-z0-9._/+-]`.

    Every method raises `UnavailableError` when the store does not answer in time.
    """

    async def put(self, bucket: Bucket, key: str, body: bytes) -> None:
        """Store *body* durably, all or nothing, replacing what was there."""

    async def put_stream(
        self, bucket: Bucket, key: str, body: AsyncIterator[bytes]
    ) -> None:
        """Like `put`, of any size, in bounded memory."""

    async def get(self, bucket: Bucket, key: str) -> bytes:
        """Return what is under *key*, or raise `BlobNotFoundError`."""

    async def get_range(
        self, bucket: Bucket, key: str, *, start: int, length: int
    ) -> bytes:
        """Return at most *length* bytes from *start*, or raise `BlobNotFoundError`."""

    def stream(self, bucket: Bucket, key: str) -> AsyncIterator[bytes]:
        """Yield what is under *key* in pieces, or raise `BlobNotFoundError`."""

    async def delete(self, bucket: Bucket, key: str) -> None:
        """Forget *key*; nothing happens if there is none."""

    async def presign_get(self, bucket: Bucket, key: str, *, seconds: int) -> str:
        """Return a URL that reads *key* for so many seconds, without credentials."""

    async def presign_put(self, bucket: Bucket, key: str, *, seconds: int) -> str:
        """Return a URL that writes *key* for so many seconds, without credentials."""
