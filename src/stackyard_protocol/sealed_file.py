"""A file of a repository that is in the clear in runs only.

Git, its clones and the archives of its trees hold the sealed form; the key is the
repository's own and travels with the job. Git keeps what it was given, so the form
says by itself what it is:

    note, which is the magic | nonce 12 | ciphertext with its tag
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NOTE: Final = b"This file is encrypted. Runs of its stacks have it in the clear.\n"
LARGEST: Final = 32 * 1024 * 1024  # bytes, sealed

_NONCE: Final = 12


class SealedFileError(Exception):
    """The file was changed, or sealed with another key."""


def new_key() -> bytes:
    return AESGCM.generate_key(bit_length=256)


def is_sealed(content: bytes) -> bool:
    return content.startswith(NOTE)


def seal_file(key: bytes, content: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return NOTE + nonce + AESGCM(key).encrypt(nonce, content, NOTE)


def open_file(key: bytes, sealed: bytes) -> bytes:
    """Return what was sealed, or raise `SealedFileError`."""
    body = sealed.removeprefix(NOTE)
    try:
        return AESGCM(key).decrypt(body[:_NONCE], body[_NONCE:], NOTE)
    except (InvalidTag, ValueError):  # ValueError: too short for a nonce and a tag
        raise SealedFileError from None
