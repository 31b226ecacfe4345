"""The bytes of Terraform providers between the network and object storage.

What is uploaded waits on the disk until it is whole, and is stored only if it is what
was announced: nothing need be read again before hundreds of megabytes are published.
It comes by our own links, not the store's: older clients send headers that a store's
link, which signs those it takes, would refuse.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import BinaryIO, Final

from stackyard.kernel.access import SYSTEM, Subject
from stackyard.kernel.blobs import BlobNotFoundError, Blobs, Bucket
from stackyard.kernel.ids import ProviderVersionId
from stackyard.kernel.links import LinkStaleError, SealedLinks
from stackyard.registry.providers import (
    ProviderVersion,
    UploadDiffersError,
    Uploaded,
    UploadTooLargeError,
    UploadUnexpectedError,
    file_key,
    read_documents,
)
from stackyard.unit import OpenUnit

UPLOAD: Final = "provider-upload"
LINK_SECONDS: Final = 3600
LARGEST: Final = 1024 * 1024 * 1024
_PIECE: Final = 1024 * 1024
_LARGEST_SUMS: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ProviderFiles:
    open_unit: OpenUnit
    blobs: Blobs
    links: SealedLinks
    largest: int = LARGEST

    def upload_link(self, version_id: ProviderVersionId, checksum: str) -> str:
        """Return where the file of that checksum is to be put."""
        what = f"{version_id}/{checksum}"
        return self.links.make(UPLOAD, what, seconds=LINK_SECONDS)

    async def receive(self, token: str, body: AsyncIterator[bytes]) -> None:
        """Keep what is put at an upload link, or raise."""
        version, _, checksum = self.links.read(UPLOAD, token).partition("/")
        version_id = ProviderVersionId(version)
        async with self.open_unit() as unit:
            await unit.provider_versions.expect(version_id, checksum, by=SYSTEM)
        key = file_key(version_id, checksum)
        with TemporaryFile() as file:
            await _spool(body, file, checksum, most=self.largest)
            await self.blobs.put_stream(Bucket.MODULES, key, _pieces(file))
        async with self.open_unit() as unit:
            named = await unit.provider_versions.names(version_id, checksum, by=SYSTEM)
        if not named:  # deleted meanwhile: nobody else would delete it
            await self.blobs.delete(Bucket.MODULES, key)
            raise UploadUnexpectedError

    async def publish(
        self, version_id: ProviderVersionId, *, by: Subject
    ) -> ProviderVersion:
        async with self.open_unit() as unit:
            awaited = await unit.provider_versions.awaited(version_id, by=by)
        there = await asyncio.gather(
            *(self._is_there(version_id, one) for one in sorted(awaited.archives))
        )
        uploaded = Uploaded(
            await self._read(version_id, awaited.sums),
            await self._read(version_id, awaited.signature),
            frozenset(one for one in there if one is not None),
        )
        async with self.open_unit() as unit:
            return await unit.provider_versions.publish(version_id, uploaded, by=by)

    async def document(
        self, version_id: ProviderVersionId, archive: str, *, by: Subject
    ) -> ProviderVersion:
        """Keep the documents in *archive*, in the place of those before."""
        async with self.open_unit() as unit:
            await unit.provider_versions.expect_documents(version_id, by=by)
        body = await asyncio.to_thread(read_documents, archive)
        checksum = hashlib.sha256(body).hexdigest()
        await self.blobs.put(Bucket.MODULES, file_key(version_id, checksum), body)
        async with self.open_unit() as unit:
            return await unit.provider_versions.document(version_id, checksum, by=by)

    async def download_link(self, version_id: ProviderVersionId, checksum: str) -> str:
        """Return where the file of that checksum is loaded from: the store itself."""
        return await self.blobs.presign_get(
            Bucket.MODULES, file_key(version_id, checksum), seconds=LINK_SECONDS
        )

    async def _read(self, version_id: ProviderVersionId, checksum: str) -> bytes | None:
        try:
            return await self.blobs.get_range(
                Bucket.MODULES,
                file_key(version_id, checksum),
                start=0,
                length=_LARGEST_SUMS,
            )
        except BlobNotFoundError:
            return None

    async def _is_there(
        self, version_id: ProviderVersionId, checksum: str
    ) -> str | None:
        """Return the checksum, if a file of it was uploaded."""
        key = file_key(version_id, checksum)
        try:
            await self.blobs.get_range(Bucket.MODULES, key, start=0, length=1)
        except BlobNotFoundError:
            return None
        return checksum


async def _spool(
    body: AsyncIterator[bytes], file: BinaryIO, checksum: str, *, most: int
) -> None:
    """Write all of it to *file*, or raise; for as long as a link lasts, at most."""
    digest, size = hashlib.sha256(), 0
    try:
        async with asyncio.timeout(LINK_SECONDS):
            async for piece in body:
                size += len(piece)
                if size > most:
                    raise UploadTooLargeError(most=most)
                digest.update(piece)
                file.write(piece)
    except TimeoutError:
        raise LinkStaleError from None
    if digest.hexdigest() != checksum:
        raise UploadDiffersError(announced=checksum)


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece
