"""RS256 tokens, signed with the installation's RSA key.

The library checks the signature and the algorithm; it does not look at the claims.
Those are judged here.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from stackyard.kernel.clock import Clock
from stackyard.kernel.tokens import TokenError

ALGORITHM: Final = "RS256"
LONGEST: Final = 8192
LEEWAY_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class RsaTokens:
    """Implements `kernel.tokens.Tokens`. Keeps the parsed key: parsing is slow."""

    key: RSAKey = field(repr=False)
    clock: Clock

    @classmethod
    def of(cls, key: rsa.RSAPrivateKey, *, clock: Clock) -> Self:
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        parsed = RSAKey.import_key(pem, {"use": "sig", "alg": ALGORITHM})
        parsed.ensure_kid()
        return cls(parsed, clock)

    def sign(self, claims: Mapping[str, Any]) -> str:
        header = {"alg": ALGORITHM, "kid": self.key.kid}
        return jwt.encode(header, dict(claims), self.key, algorithms=[ALGORITHM])

    def verify(
        self, token: str, *, audience: str, issuers: Collection[str]
    ) -> dict[str, Any]:
        if len(token) > LONGEST:
            raise TokenError(reason="it is too long")
        try:
            claims = jwt.decode(token, self.key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError) as error:
            raise TokenError(reason="it is not one of ours") from error
        self._judge(claims, audience=audience, issuers=issuers)
        return claims

    def jwks(self) -> dict[str, Any]:
        public = self.key.as_dict(private=False)
        return {"keys": [public | {"use": "sig", "alg": ALGORITHM}]}

    def _judge(
        self, claims: dict[str, Any], *, audience: str, issuers: Collection[str]
    ) -> None:
        now = self.clock().timestamp()
        if _seconds(claims, "exp") <= now - LEEWAY_SECONDS:
            raise TokenError(reason="it has expired")
        if "nbf" in claims and _seconds(claims, "nbf") > now + LEEWAY_SECONDS:
            raise TokenError(reason="it is not valid yet")
        if claims.get("aud") not in (audience, [audience]):
            raise TokenError(reason="it is meant for somebody else")
        if claims.get("iss") not in issuers:
            raise TokenError(reason="somebody else issued it")


def _seconds(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TokenError(reason=f"its claim {name} is missing or odd")
    return value
