"""The documents of a version: an archive that is kept as it was sent.

It is looked through first: whoever unpacks it later need not be afraid of it.
"""

import base64
import binascii
import io
import tarfile
import zlib
from typing import Final

from stackyard.kernel.text import clean_path
from stackyard.registry.providers.errors import VersionProblemsError

LARGEST: Final = 32 * 1024 * 1024  # unpacked
MOST_MEMBERS: Final = 10_000
_GZIP: Final = 16 + zlib.MAX_WBITS


def read_documents(text: str) -> bytes:
    """Return the archive in *text*, base64, or raise `VersionProblemsError`."""
    try:
        body = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise VersionProblemsError("archive: must be base64") from None
    try:
        with tarfile.open(fileobj=io.BytesIO(_unpacked(body)), mode="r:") as archive:
            _look_through(archive)
    except (tarfile.TarError, zlib.error, EOFError, ValueError):
        raise VersionProblemsError("archive: must be a gzipped tar archive") from None
    return body


def _unpacked(body: bytes) -> bytes:
    """Return the tar archive; however small *body* is, that has a limit."""
    packed = zlib.decompressobj(_GZIP)
    archive = packed.decompress(body, LARGEST)
    if packed.unconsumed_tail:
        raise VersionProblemsError(f"archive: at most {LARGEST} bytes unpacked")
    if not packed.eof:
        raise EOFError
    return archive


def _look_through(archive: tarfile.TarFile) -> None:
    for number, member in enumerate(archive, start=1):
        path = member.name.removeprefix("./").rstrip("/")
        if number > MOST_MEMBERS:
            raise VersionProblemsError(f"archive: at most {MOST_MEMBERS} files")
        if not (member.isreg() or member.isdir()):
            raise VersionProblemsError(f"archive: {member.name!r} is no file")
        if path not in {"", "."} and not clean_path(path):
            raise VersionProblemsError(f"archive: {member.name!r} is no clean path")
