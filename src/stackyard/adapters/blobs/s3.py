"""Any store that speaks S3: Amazon's own, MinIO, SeaweedFS, Ceph, R2.

What this will not do: make buckets, or set retention. Both are the operator's.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, Protocol, Self

import obstore
from obstore import exceptions
from obstore.store import S3Store

from stackyard.kernel.blobs import BlobNotFoundError, Bucket
from stackyard.kernel.errors import InvalidError, UnavailableError

if TYPE_CHECKING:  # these exist for type checkers only
    from obstore.store import ClientConfig, RetryConfig

PIECE: Final = 1024 * 1024
_WHOLE: Final = 30  # times the patience, for a request as a whole

# obstore documents the first and raises the second
_MISSING: Final = (exceptions.NotFoundError, FileNotFoundError)


class BlobStoreUnavailableError(UnavailableError):
    """The object store does not answer at the moment. Try again."""


class BlobStoreRefusedError(UnavailableError):
    """The object store refuses our credentials."""


class BucketUnnamedError(InvalidError):
    """This process was given no name for that bucket."""


class Endpoint(Protocol):
    """A place with buckets.

    `patience_seconds` bounds each wait for bytes; a request as a whole, and its
    retries, may take a few times as long, but never for ever.
    """

    @property
    def patience_seconds(self) -> float: ...

    def open(self, bucket: str) -> S3Store:
        """Return a client of one bucket; nothing is dialled yet."""


@dataclass(frozen=True, slots=True)
class S3Endpoint:
    """A MinIO-type store at `host:port`, and how to be let in."""

    address: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    use_ssl: bool = False
    allow_insecure: bool = False
    patience_seconds: float = 10

    def open(self, bucket: str) -> S3Store:
        options = _client_options(self.patience_seconds)
        options["allow_http"] = not self.use_ssl
        options["allow_invalid_certificates"] = self.allow_insecure
        return S3Store(
            bucket,
            endpoint=f"{'https' if self.use_ssl else 'http'}://{self.address}",
            region="us-east-1",  # these stores have no regions, but the signature has
            access_key_id=self.access_key_id,
            secret_access_key=self.secret_access_key,
            virtual_hosted_style_request=False,
            client_options=options,
            retry_config=_retries(self.patience_seconds),
        )


@dataclass(frozen=True, slots=True)
class AwsRegion:
    """S3 itself; credentials come from where Amazon's programs look for them."""

    region: str
    patience_seconds: float = 10

    def open(self, bucket: str) -> S3Store:
        return S3Store(
            bucket,
            region=self.region,
            client_options=_client_options(self.patience_seconds),
            retry_config=_retries(self.patience_seconds),
        )


def _client_options(patience_seconds: float) -> "ClientConfig":
    patience = timedelta(seconds=patience_seconds)
    return {
        "connect_timeout": min(patience, timedelta(seconds=3)),
        "read_timeout": patience,
        "timeout": patience * _WHOLE,  # a state file may be large
    }


def _retries(patience_seconds: float) -> "RetryConfig":
    return {
        "max_retries": 3,
        "retry_timeout": timedelta(seconds=patience_seconds),
        "backoff": {
            "init_backoff": timedelta(milliseconds=50),
            "max_backoff": timedelta(seconds=1),
            "base": 2,
        },
    }


@dataclass(frozen=True, slots=True)
class S3Blobs:
    stores: Mapping[Bucket, S3Store]
    patience_seconds: float

    @classmethod
    def connect(cls, endpoint: Endpoint, names: Mapping[Bucket, str]) -> Self:
        """Return the store; *names* may leave out buckets that are never used."""
        stores = {bucket: endpoint.open(name) for bucket, name in names.items()}
        return cls(stores, endpoint.patience_seconds)

    async def put(self, bucket: Bucket, key: str, body: bytes) -> None:
        async with self._calling(bucket, key) as store:
            await obstore.put_async(store, key, body)

    async def put_stream(
        self, bucket: Bucket, key: str, body: AsyncIterator[bytes]
    ) -> None:
        async with self._calling(bucket, key) as store:
            await obstore.put_async(store, key, body)

    async def get(self, bucket: Bucket, key: str) -> bytes:
        async with self._calling(bucket, key, missing=BlobNotFoundError) as store:
            found = await obstore.get_async(store, key)
            return bytes(await found.bytes_async())

    async def get_range(
        self, bucket: Bucket, key: str, *, start: int, length: int
    ) -> bytes:
        async with self._calling(bucket, key, missing=BlobNotFoundError) as store:
            size = (await obstore.head_async(store, key))["size"]
            length = min(length, size - start)
            if length <= 0:  # the store would answer 416
                return b""
            found = await obstore.get_range_async(
                store, key, start=start, length=length
            )
            return bytes(found)

    async def stream(self, bucket: Bucket, key: str) -> AsyncIterator[bytes]:
        # no deadline for the whole: the reader may be slow, each wait is bounded
        store = self._store(bucket)
        with _naming(bucket, key, missing=BlobNotFoundError):
            found = await obstore.get_async(store, key)
            async for piece in found.stream(min_chunk_size=PIECE):
                yield bytes(piece)

    async def delete(self, bucket: Bucket, key: str) -> None:
        async with self._calling(bucket, key) as store:
            try:
                await obstore.delete_async(store, key)
            except _MISSING:
                return

    async def presign_get(self, bucket: Bucket, key: str, *, seconds: int) -> str:
        return await self._sign("GET", bucket, key, seconds)

    async def presign_put(self, bucket: Bucket, key: str, *, seconds: int) -> str:
        return await self._sign("PUT", bucket, key, seconds)

    async def _sign(
        self, method: Literal["GET", "PUT"], bucket: Bucket, key: str, seconds: int
    ) -> str:
        async with self._calling(bucket, key) as store:
            lifetime = timedelta(seconds=seconds)
            return await obstore.sign_async(store, method, key, lifetime)

    def _store(self, bucket: Bucket) -> S3Store:
        try:
            return self.stores[bucket]
        except KeyError:
            raise BucketUnnamedError(bucket=bucket) from None

    @asynccontextmanager
    async def _calling(
        self,
        bucket: Bucket,
        key: str,
        *,
        missing: type[BlobNotFoundError] | type[BlobStoreUnavailableError] = (
            BlobStoreUnavailableError  # a write that finds nothing has no bucket
        ),
    ) -> AsyncIterator[S3Store]:
        store = self._store(bucket)
        with _naming(bucket, key, missing=missing):
            async with asyncio.timeout(self.patience_seconds * _WHOLE):
                yield store


@contextmanager
def _naming(
    bucket: Bucket,
    key: str,
    *,
    missing: type[BlobNotFoundError] | type[BlobStoreUnavailableError],
) -> Iterator[None]:
    try:
        yield
    except _MISSING:
        raise missing(bucket=bucket, key=key) from None
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
        raise BlobStoreRefusedError(bucket=bucket, key=key) from error
    except (exceptions.BaseError, TimeoutError) as error:
        raise BlobStoreUnavailableError(bucket=bucket, key=key) from error
