"""Signatures of other people's tokens. What they say is judged in `claims.py`."""

import base64
import binascii
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from stackyard.kernel.federation import ForeignTokenError, ProviderMetadataError

# By kind of key, with the curve. A secret that both sides know is no key here, since
# the public key of a provider could then be passed off as one.
_BY_KIND: Final = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "PS256": ("RSA", None),
    "PS384": ("RSA", None),
    "PS512": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
}
ALGORITHMS: Final = frozenset(_BY_KIND)
LONGEST: Final = 64 * 1024
_PUBLIC: Final = ("kty", "n", "e", "crv", "x", "y")
_MOST_KEYS: Final = 100
_FEWEST_BITS: Final = 2048
_MOST_BITS: Final = 16384  # larger ones cost more to check than they are worth
_PARTS: Final = 3


class UnknownKeyError(Exception):
    """The token may be signed with a key that we have not read yet."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    id: str | None
    kind: tuple[str, str | None]
    algorithm: str | None
    key: RSAKey | ECKey = field(repr=False)

    def fits(self, header: Mapping[str, Any]) -> bool:
        named = header.get("kid")
        return (
            self.kind == _BY_KIND[header["alg"]]
            and self.algorithm in (None, header["alg"])
            and (named is None or self.id in (None, named))
        )


def parse_keys(document: dict[str, Any], url: str) -> tuple[PublicKey, ...]:
    """Return the keys that we can use, whatever others are beside them."""
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise ProviderMetadataError(problem=f'{url} lacks "keys"')
    return tuple(_usable(listed[:_MOST_KEYS]))


def _usable(listed: list[Any]) -> Iterator[PublicKey]:
    for one in listed:
        if not isinstance(one, dict) or one.get("use", "sig") != "sig":
            continue
        # a key that cannot be read is as good as one that is not there
        with suppress(JoseError, ValueError, TypeError, KeyError, AttributeError):
            key = _read(one)
            if key:
                yield key


def _read(one: dict[str, Any]) -> PublicKey | None:
    named = one["kid"] if isinstance(one.get("kid"), str) else None
    public: dict[str, str | list[str]] = {
        name: str(one[name]) for name in _PUBLIC if name in one
    }
    if one["kty"] == "RSA":
        # the size is looked at first: the library warns of small ones, and keeps them
        number = base64.urlsafe_b64decode(str(one["n"]) + "==")
        if not _FEWEST_BITS <= int.from_bytes(number).bit_length() <= _MOST_BITS:
            return None
        return PublicKey(
            named, ("RSA", None), one.get("alg"), RSAKey.import_key(public)
        )
    if one["kty"] == "EC":
        key = ECKey.import_key(public)
        return PublicKey(named, ("EC", str(one["crv"])), one.get("alg"), key)
    return None


def verified_claims(
    token: str, keys: Collection[PublicKey], algorithms: Collection[str]
) -> dict[str, Any]:
    """Return the claims of a token that one of *keys* signed."""
    header = _header(token)
    if header.get("alg") not in ALGORITHMS.intersection(algorithms):
        raise ForeignTokenError(reason="it is not signed as the provider says it signs")
    fitting = [one for one in keys if one.fits(header)]
    for one in fitting:
        with suppress(JoseError, ValueError):
            return jwt.decode(token, one.key, algorithms=[header["alg"]]).claims
    if header.get("kid") is None or not fitting:
        raise UnknownKeyError
    raise ForeignTokenError(reason="its signature is wrong")


def _header(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(token) > LONGEST or len(parts) != _PARTS:
        raise ForeignTokenError(reason="it is too long, or no signed token at all")
    try:
        header = json.loads(base64.urlsafe_b64decode(parts[0] + "=="))
    except (binascii.Error, ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise ForeignTokenError(reason="it is no signed token")
    return header
