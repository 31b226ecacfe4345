"""Secrets that we make: high entropy, so a plain digest is all that is stored."""

import hashlib
import hmac
import secrets
from typing import Final

ENTROPY_BYTES: Final = 32


def new_secret() -> str:
    return secrets.token_urlsafe(ENTROPY_BYTES)


def digest(secret: str) -> bytes:
    """Return what is stored. No salt, no slow hash: 256 random bits need neither."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


def matches(secret: str, stored: bytes) -> bool:
    return hmac.compare_digest(digest(secret), stored)


def same_text(one: str, other: str) -> bool:
    """Compare in a time that tells neither length nor content."""
    return hmac.compare_digest(digest(one), digest(other))
