import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.support.edge import rsa_key
from tests.support.fakes import Clock

from stackyard.adapters.crypto import RsaTokens, generate_rsa_key
from stackyard.kernel.tokens import TokenError

HERE = "https://here.example"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> RsaTokens:
    return RsaTokens.of(rsa_key(), clock=clock)


def claims(clock: Clock, **changes: Any) -> dict[str, Any]:
    now = int(clock().timestamp())
    usual = {"aud": HERE, "exp": now + 60, "nbf": now, "iss": "api-key", "sub": "k"}
    return {k: v for k, v in (usual | changes).items() if v is not None}


def verified(tokens: RsaTokens, token: str) -> dict[str, Any]:
    return tokens.verify(token, audience=HERE, issuers={"api-key"})


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_what_we_signed_we_believe(tokens: RsaTokens, clock: Clock) -> None:
    said = claims(clock)

    assert verified(tokens, tokens.sign(said)) == said


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": 1}, "it has expired"),
        ({"exp": None}, "its claim exp is missing or odd"),
        ({"exp": "2099"}, "its claim exp is missing or odd"),
        ({"exp": True}, "its claim exp is missing or odd"),
        ({"nbf": 9_999_999_999}, "it is not valid yet"),
        ({"aud": "https://elsewhere.example"}, "it is meant for somebody else"),
        ({"aud": [HERE, "https://elsewhere.example"]}, "it is meant for somebody else"),
        ({"aud": None}, "it is meant for somebody else"),
        ({"iss": "spacelift"}, "somebody else issued it"),
        ({"iss": None}, "somebody else issued it"),
    ],
)
def test_a_token_that_says_something_else_is_refused(
    tokens: RsaTokens, clock: Clock, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(TokenError) as caught:
        verified(tokens, tokens.sign(claims(clock, **changes)))

    assert caught.value.facts == {"reason": reason}


def test_a_token_ends_when_it_says(tokens: RsaTokens, clock: Clock) -> None:
    token = tokens.sign(claims(clock))
    clock.advance(66)

    with pytest.raises(TokenError):
        verified(tokens, token)


def test_a_token_of_another_key_is_refused(tokens: RsaTokens, clock: Clock) -> None:
    other = RsaTokens.of(rsa_key(1), clock=clock)

    with pytest.raises(TokenError):
        verified(tokens, other.sign(claims(clock)))


def test_a_token_without_signature_is_refused(tokens: RsaTokens, clock: Clock) -> None:
    for algorithm in ("none", "None", "NONE"):
        token = f"{part({'alg': algorithm})}.{part(claims(clock))}."
        with pytest.raises(TokenError):
            verified(tokens, token)


def test_the_public_key_is_no_shared_secret(tokens: RsaTokens, clock: Clock) -> None:
    public = (
        rsa_key()
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    body = f"{part({'alg': 'HS256'})}.{part(claims(clock))}"
    for secret in (public, public.strip()):
        signature = hmac.digest(secret, body.encode(), hashlib.sha256)
        with pytest.raises(TokenError):
            verified(tokens, f"{body}.{part(signature)}")


@pytest.mark.parametrize(
    "garbage", ["", ".", "..", "a.b.c", "e30.e30.", "é.é.é", "x" * 9000, "\0.\0.\0"]
)
def test_garbage_is_refused_like_any_other(tokens: RsaTokens, garbage: str) -> None:
    with pytest.raises(TokenError):
        verified(tokens, garbage)


def test_a_stranger_verifies_with_the_published_keys(
    tokens: RsaTokens, clock: Clock
) -> None:
    published = json.loads(json.dumps(tokens.jwks()))
    [key] = published["keys"]

    assert {"kty", "n", "e", "kid", "use", "alg"} == set(key)
    assert key["use"] == "sig"
    decoded = jwt.decode(tokens.sign(claims(clock)), KeySet.import_key_set(published))
    assert decoded.header["kid"] == key["kid"]


def test_the_private_key_is_never_shown(tokens: RsaTokens) -> None:
    assert "RSAKey" not in repr(tokens)


def test_a_generated_key_is_a_plain_pem() -> None:
    assert generate_rsa_key(bits=2048).startswith("-----BEGIN PRIVATE KEY-----")
