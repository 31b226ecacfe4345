"""Codes for the day when the phone is gone: printed, kept, and each used once."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from typing import Final

COUNT: Final = 10
# No 0, 1, I or O: they are read off paper. 16 of 32 letters are 80 bits, so that a
# plain digest is all that has to be stored.
_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_LETTERS: Final = 16
_GROUP: Final = 4
_LONGEST: Final = 64


def new_backup_codes() -> tuple[str, ...]:
    """Return codes to be shown once; `digest_of` each is what is stored."""
    return tuple(_grouped(_new()) for _ in range(COUNT))


def digest_of(code: str) -> bytes:
    """Return what is stored of a code, however it was typed."""
    typed = "".join(one for one in code[:_LONGEST].upper() if one.isalnum())
    return hashlib.sha256(b"backup code\0" + typed.encode()).digest()


def used(code: str, stored: Collection[bytes]) -> bytes | None:
    """Return which of *stored* the code is, to be removed, or None."""
    digest = digest_of(code)
    # all are compared, so that the time does not tell which one it was
    found = [one for one in stored if hmac.compare_digest(one, digest)]
    return found[0] if found else None


def _new() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS))


def _grouped(code: str) -> str:
    return "-".join(code[at : at + _GROUP] for at in range(0, _LETTERS, _GROUP))
