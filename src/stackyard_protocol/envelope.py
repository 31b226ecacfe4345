"""How a job or a workspace travels: readable only by whoever holds the pool's key.

A random AES-256-GCM key, wrapped with RSA-OAEP-SHA256 to the pool's public key, then
frames. Each frame has its own nonce, made of a counter and of whether it is the last,
so a frame that was changed, moved, dropped, repeated or cut off is refused; the whole
header is authenticated with every frame. Says nothing of who sealed: that is what TLS
and the digests in `job.py` are for.

    magic 4 | version 1 | length of the wrapped key 2 | wrapped key | frame...
    frame: last? 1 | length of the ciphertext 4 | ciphertext with its tag
"""

import os
import struct
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

MAGIC: Final = b"SYEV"
VERSION: Final = 1
FRAME: Final = 1024 * 1024

_TAG: Final = 16
_PREFIX: Final = struct.Struct(">4sBH")
_FRAME: Final = struct.Struct(">BI")
_NONCE: Final = struct.Struct(">QxxxB")
_OAEP: Final = OAEP(mgf=MGF1(SHA256()), algorithm=SHA256(), label=None)


class EnvelopeError(Exception):
    """This is not an intact envelope for our key."""


class Readable(Protocol):
    """The half of a binary file that gives."""

    def read(self, size: int, /) -> bytes: ...


def seal(public_key: RSAPublicKey, data: bytes) -> bytes:
    """Return *data* as an envelope that only the private key opens."""
    return b"".join(seal_stream(public_key, [data]))


def open_sealed(private_key: RSAPrivateKey, data: bytes) -> bytes:
    """Return what was sealed, or raise `EnvelopeError` for the least change."""
    return b"".join(open_stream(private_key, [data]))


def pieces(file: Readable, size: int = FRAME) -> Iterator[bytes]:
    """Read a binary file to its end, *size* bytes at a time."""
    while piece := file.read(size):
        yield piece


def seal_stream(public_key: RSAPublicKey, source: Iterable[bytes]) -> Iterator[bytes]:
    """Seal pieces of any size, holding little more than one frame in memory."""
    key = AESGCM.generate_key(bit_length=256)
    wrapped = public_key.encrypt(key, _OAEP)
    header = _PREFIX.pack(MAGIC, VERSION, len(wrapped)) + wrapped
    cipher = AESGCM(key)
    yield header
    waiting: bytes | None = None
    number = 0
    for frame in _regroup(source):
        if waiting is not None:
            yield from _sealed_frame(cipher, header, number, waiting, last=False)
            number += 1
        waiting = frame
    yield from _sealed_frame(cipher, header, number, waiting or b"", last=True)


def open_stream(private_key: RSAPrivateKey, source: Iterable[bytes]) -> Iterator[bytes]:
    """Open pieces of any size, holding little more than one frame in memory.

    What is yielded is authentic, but only a caller that reaches the end without an
    `EnvelopeError` knows that nothing is missing: act on it only then.
    """
    reader = _Reader(source)
    prefix = reader.exactly(_PREFIX.size)
    magic, version, length = _PREFIX.unpack(prefix)
    if magic != MAGIC or version != VERSION:
        raise EnvelopeError
    wrapped = reader.exactly(length)
    cipher = AESGCM(_unwrap(private_key, wrapped))
    number, last = 0, 0
    while not last:
        last, length = _FRAME.unpack(reader.exactly(_FRAME.size))
        if last > 1 or not _TAG <= length <= FRAME + _TAG:
            raise EnvelopeError
        try:
            frame = cipher.decrypt(
                _NONCE.pack(number, last), reader.exactly(length), prefix + wrapped
            )
        except InvalidTag:
            raise EnvelopeError from None
        number += 1
        if frame:
            yield frame
    if not reader.is_at_its_end():
        raise EnvelopeError


def _sealed_frame(
    cipher: AESGCM, header: bytes, number: int, data: bytes, *, last: bool
) -> Iterator[bytes]:
    yield _FRAME.pack(last, len(data) + _TAG)
    yield cipher.encrypt(_NONCE.pack(number, last), data, header)


def _unwrap(private_key: RSAPrivateKey, wrapped: bytes) -> bytes:
    try:
        key = private_key.decrypt(wrapped, _OAEP)
    except ValueError:
        # OpenSSL may answer a foreign envelope with random bytes instead, which
        # then fail as a tag: both are the same error to the caller.
        key = os.urandom(32)
    return key if len(key) in {16, 24, 32} else os.urandom(32)


def _regroup(source: Iterable[bytes]) -> Iterator[bytes]:
    """Cut pieces of any size into full frames and one shorter rest."""
    held = bytearray()
    for piece in source:
        view = memoryview(piece)
        while view:
            taken = view[: FRAME - len(held)]
            held += taken
            view = view[len(taken) :]
            if len(held) == FRAME:
                yield bytes(held)
                held.clear()
    if held:
        yield bytes(held)


class _Reader:
    """Exact reads over pieces of any size."""

    def __init__(self, source: Iterable[bytes]) -> None:
        self._source = iter(source)
        self._piece = memoryview(b"")

    def exactly(self, size: int) -> bytes:
        held = bytearray()
        while len(held) < size and self._fill():
            taken = self._piece[: size - len(held)]
            held += taken
            self._piece = self._piece[len(taken) :]
        if len(held) < size:
            raise EnvelopeError
        return bytes(held)

    def is_at_its_end(self) -> bool:
        return not self._fill()

    def _fill(self) -> bool:
        while not self._piece:
            piece = next(self._source, None)
            if piece is None:
                return False
            self._piece = memoryview(piece)
        return True
