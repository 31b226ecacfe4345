"""What webhooks keep to: where they may go, what they carry, how they are signed."""

import hashlib
import hmac
import re
from typing import Final
from urllib.parse import urlsplit

LONGEST_SECRET: Final = 1_000
MOST_HEADERS: Final = 50
_LONGEST_URL: Final = 2_000
_LONGEST_HEADER: Final = 4_000
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
_OURS: Final = frozenset(
    {
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "x-signature",
        "x-signature-256",
    }
)


def endpoint_problems(endpoint: str) -> list[str]:
    try:
        parts = urlsplit(endpoint)
        sound = (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.port != 0
            and "@" not in parts.netloc
            and len(endpoint) <= _LONGEST_URL
            and re.fullmatch(r"[\x21-\x7e]+", endpoint) is not None
        )
    except ValueError:
        sound = False
    return [] if sound else ["endpoint must be a valid URL"]


def secret_problems(secret: str) -> list[str]:
    if len(secret) <= LONGEST_SECRET:
        return []
    return [f"the secret is longer than {LONGEST_SECRET} characters"]


def header_problems(name: str, value: str) -> list[str]:
    can_be_sent = (
        _HEADER.fullmatch(name) is not None
        and name.lower() not in _OURS
        and len(value) <= _LONGEST_HEADER
        and _VALUE.fullmatch(value) is not None
    )
    return [] if can_be_sent else [f"the custom header {name[:100]!r} cannot be sent"]


def signatures(body: bytes, secret: bytes) -> dict[str, str]:
    """Return the headers that prove who sent *body*; none without a secret."""
    if not secret:
        return {}
    return {
        "X-Signature": f"sha1={hmac.digest(secret, body, hashlib.sha1).hex()}",
        "X-Signature-256": f"sha256={hmac.digest(secret, body, hashlib.sha256).hex()}",
    }
