"""An object store in memory, and a real one."""

import os
import secrets
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from stackyard.adapters.blobs import S3Blobs, S3Endpoint
from stackyard.embedded.buckets import Buckets
from stackyard.embedded.store import PORTS, EmbeddedStore
from stackyard.kernel.blobs import BlobNotFoundError, Bucket
from tests.support.ports import free_port

NAMES = {bucket: f"test-{bucket.lower().replace('_', '-')}" for bucket in Bucket}


@dataclass
class MemoryBlobs:
    bodies: dict[tuple[Bucket, str], bytes] = field(default_factory=dict)
    piece: int = 1024 * 1024
    address: str = "memory:/"  # where links lead

    async def put(self, bucket: Bucket, key: str, body: bytes) -> None:
        self.bodies[bucket, key] = bytes(body)

    async def put_stream(
        self, bucket: Bucket, key: str, body: AsyncIterator[bytes]
    ) -> None:
        await self.put(bucket, key, b"".join([piece async for piece in body]))

    async def get(self, bucket: Bucket, key: str) -> bytes:
        try:
            return self.bodies[bucket, key]
        except KeyError:
            raise BlobNotFoundError(bucket=bucket, key=key) from None

    async def get_range(
        self, bucket: Bucket, key: str, *, start: int, length: int
    ) -> bytes:
        return (await self.get(bucket, key))[start : start + length]

    async def stream(self, bucket: Bucket, key: str) -> AsyncIterator[bytes]:
        body = await self.get(bucket, key)
        for start in range(0, len(body), self.piece):
            yield body[start : start + self.piece]

    async def delete(self, bucket: Bucket, key: str) -> None:
        self.bodies.pop((bucket, key), None)

    async def presign_get(self, bucket: Bucket, key: str, *, seconds: int) -> str:
        return f"{self.address}/{bucket}/{key}?method=GET&seconds={seconds}"

    async def presign_put(self, bucket: Bucket, key: str, *, seconds: int) -> str:
        return f"{self.address}/{bucket}/{key}?method=PUT&seconds={seconds}"


@asynccontextmanager
async def running_store(folder: Path) -> AsyncIterator["RunningStore"]:
    """A real store with a bucket per kind."""
    store = RunningStore(
        EmbeddedStore(
            folder,
            {name: free_port() for name in PORTS},
            "test-key",
            secrets.token_urlsafe(20),
        )
    )
    await store.start()
    try:
        yield store
    finally:
        store.stop()


@dataclass
class RunningStore:
    server: EmbeddedStore
    process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self.server.prepare()
        with (self.server.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.server.command(),
                env=os.environ | self.server.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        server = self.server
        await Buckets(
            server.address, server.access_key_id, server.secret_access_key
        ).make(NAMES.values())

    def stop(self) -> None:
        """Kill it; what it has acknowledged must survive that."""
        assert self.process
        self.process.kill()
        self.process.wait(10)

    def connect(self, secret: str | None = None, *, patience: float = 5) -> S3Blobs:
        endpoint = S3Endpoint(
            self.server.address,
            self.server.access_key_id,
            secret or self.server.secret_access_key,
            patience_seconds=patience,
        )
        return S3Blobs.connect(endpoint, NAMES)
