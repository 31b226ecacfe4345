"""Makes the embedded store's buckets as soon as it can, then ends.

A program of its own: the client it needs would double what `stackyard up` holds for as
long as the platform runs. It is told by the variables that the control plane reads.
"""

import asyncio
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Final

import obstore
from obstore.store import S3Store

from stackyard.embedded.environment import BUCKETS

_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Buckets:
    address: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    async def make(self, names: Iterable[str], *, seconds: float = _SECONDS) -> None:
        """Make those that are missing; raises `TimeoutError` after *seconds*."""
        async with asyncio.timeout(seconds):
            for name in names:
                await self._make_bucket(name)
            await self._write_once(min(names))

    async def _make_bucket(self, name: str) -> None:
        while True:
            # obstore makes no buckets, but it signs the request that does
            lifetime = timedelta(seconds=60)
            url = await obstore.sign_async(self._open(name), "PUT", "", lifetime)
            if await asyncio.to_thread(_put, url) in {
                HTTPStatus.OK,
                HTTPStatus.CONFLICT,
            }:
                return
            await asyncio.sleep(0.1)

    async def _write_once(self, name: str) -> None:
        """The doors open before there is a place to write to."""
        while True:
            try:
                await obstore.put_async(self._open(name), ".ready", b"ready")
            except obstore.exceptions.BaseError:
                await asyncio.sleep(0.1)
            else:
                return

    def _open(self, bucket: str) -> S3Store:
        return S3Store(
            bucket,
            endpoint=f"http://{self.address}",
            region="us-east-1",
            access_key_id=self.access_key_id,
            secret_access_key=self.secret_access_key,
            virtual_hosted_style_request=False,
            client_options={"allow_http": True, "timeout": timedelta(seconds=5)},
            retry_config={"max_retries": 0},
        )


def _put(url: str) -> int | None:
    request = urllib.request.Request(url, method="PUT")  # noqa: S310 - our own store
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            request, timeout=5
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except (OSError, http.client.HTTPException):
        return None


def main() -> None:
    storage = {
        name.removeprefix("OBJECT_STORAGE_"): value
        for name, value in os.environ.items()
        if name.startswith("OBJECT_STORAGE_")
    }
    buckets = Buckets(
        storage["MINIO_ENDPOINT"],
        storage["MINIO_ACCESS_KEY_ID"],
        storage["MINIO_SECRET_ACCESS_KEY"],
    )
    asyncio.run(buckets.make([storage[f"BUCKET_{kind}"] for kind in BUCKETS]))


if __name__ == "__main__":
    main()
