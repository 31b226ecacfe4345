"""Key sets of providers hold all sorts of keys; some are of use."""

import base64
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from tests.support.certificates import private_pem, rsa_key

from stackyard.adapters.federation.signatures import (
    UnknownKeyError,
    parse_keys,
    verified_claims,
)
from stackyard.kernel.federation import ForeignTokenError, ProviderMetadataError

URL = "https://a.example/keys"
RSA = RSAKey.import_key(private_pem(rsa_key()))
PUBLIC = RSA.as_dict(private=False)
CURVE = ECKey.generate_key("P-256")


def token(algorithm: str = "RS256", **header: Any) -> str:
    key = CURVE if algorithm.startswith("ES") else RSA
    return jwt.encode({"alg": algorithm, **header}, {"sub": "ada"}, key)


def claims(listed: list[Any], signed: str) -> dict[str, Any]:
    return verified_claims(
        signed, parse_keys({"keys": listed}, URL), ["RS256", "ES256"]
    )


def numbers(bits: int, padding: bytes = b"") -> dict[str, Any]:
    number = ((1 << bits) - 1).to_bytes((bits + 7) // 8)
    text = base64.urlsafe_b64encode(padding + number).rstrip(b"=").decode()
    return {"kty": "RSA", "n": text, "e": "AQAB"}


def test_a_key_is_found_among_those_that_cannot_be_used() -> None:
    odd: list[Any] = [
        7,
        {},
        {"kty": "RSA"},
        {"kty": "RSA", "n": "%", "e": "AQAB"},
        {"kty": "EC", "crv": "P-000", "x": "AA", "y": "AA"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        OctKey.generate_key(256).as_dict(),
        numbers(1024),
        numbers(1024, bytes(200)),
        numbers(20_000),
    ]

    assert len(parse_keys({"keys": odd}, URL)) == 0
    assert claims([*odd, PUBLIC | {"kid": "a"}], token(kid="a")) == {"sub": "ada"}


@pytest.mark.parametrize(
    "unfit",
    [{"use": "enc"}, {"alg": "RS512"}, {"alg": "PS256"}, {"kid": "another"}],
)
def test_a_key_is_used_only_for_what_it_is_published_for(unfit: dict[str, Any]) -> None:
    with pytest.raises(UnknownKeyError):
        claims([PUBLIC | {"kid": "a"} | unfit], token(kid="a"))

    fit = {"use": "sig", "alg": "RS256", "kid": "a"}
    assert claims([PUBLIC | fit], token(kid="a")) == {"sub": "ada"}


def test_a_key_without_a_name_is_tried_for_any() -> None:
    keys = [CURVE.as_dict(private=False), PUBLIC]
    nameless = [{k: v for k, v in key.items() if k != "kid"} for key in keys]

    assert claims(nameless, token(kid="a")) == {"sub": "ada"}
    assert claims(nameless, token("ES256", kid="b")) == {"sub": "ada"}


def test_a_shared_secret_is_no_key_though_it_be_published() -> None:
    secret = OctKey.generate_key(256)
    signed = jwt.encode({"alg": "HS256"}, {"sub": "root"}, secret)

    with pytest.raises(ForeignTokenError, match="not signed as"):
        verified_claims(
            signed, parse_keys({"keys": [secret.as_dict()]}, URL), ["HS256"]
        )


def test_a_key_set_without_keys_says_so() -> None:
    with pytest.raises(ProviderMetadataError, match='lacks "keys"'):
        parse_keys({"keys": {}}, URL)
