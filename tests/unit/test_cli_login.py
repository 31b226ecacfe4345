"""What spectacl does with a browser login: it makes a key, listens, and decrypts."""

import base64
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.support.certificates import rsa_key

from stackyard.kernel.cli_login import CliKey, CliKeyError, CliPortError, parse_port

TOKEN = "eyJhbGciOiJSUzI1NiJ9." + "x" * 900 + ".signature"
FORMATS = [PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1]


def parameter(
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    form: PublicFormat = PublicFormat.SubjectPublicKeyInfo,
    label: str = "RSA PUBLIC KEY",
) -> str:
    """Return the key as Go's `pem.Encode` and `base64.RawURLEncoding` make it."""
    der = base64.b64encode(key.public_bytes(Encoding.DER, form)).decode()
    lines = [der[start : start + 64] for start in range(0, len(der), 64)]
    pem = "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])
    return encoded(pem.encode())


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def opened(url: str, key: rsa.RSAPrivateKey) -> str:
    query = parse_qs(urlsplit(url).query, strict_parsing=True)
    oaep = padding.OAEP(padding.MGF1(SHA512()), SHA512(), label=b"")
    aes = key.decrypt(decoded(query["key"][0]), oaep)
    sealed = decoded(query["token"][0])
    decryptor = Cipher(algorithms.AES256(aes), modes.CBC(sealed[:16])).decryptor()
    pad = PKCS7(128).unpadder()
    padded = decryptor.update(sealed[16:]) + decryptor.finalize()
    return (pad.update(padded) + pad.finalize()).decode()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("token", [TOKEN, "x" * 32, "x", ""])
def test_only_who_made_the_key_reads_the_token(form: PublicFormat, token: str) -> None:
    key = rsa_key()

    sealed = CliKey.parse(parameter(key.public_key(), form)).seal(token)

    assert opened(sealed.url(4321), key) == token
    assert "=" not in sealed.token + sealed.key
    with pytest.raises(ValueError, match="ecryption"):
        opened(sealed.url(4321), rsa_key(1))


def test_no_two_sealed_tokens_look_alike() -> None:
    key = CliKey.parse(parameter(rsa_key().public_key()))
    one, other = key.seal(TOKEN), key.seal(TOKEN)

    assert one.token[:20] != other.token[:20]
    assert one.key != other.key


def test_the_browser_is_sent_to_this_machine_only() -> None:
    sealed = CliKey.parse(parameter(rsa_key().public_key())).seal(TOKEN)

    for port in (1, 8080, 65535):
        parts = urlsplit(sealed.url(port))
        assert (parts.scheme, parts.netloc) == ("http", f"localhost:{port}")
        assert parts.path == "/"
    for wrong in (0, -1, 65536):
        with pytest.raises(CliPortError):
            sealed.url(wrong)


@pytest.mark.parametrize("text", ["1", "65535", "08080"])
def test_a_port_is_a_number(text: str) -> None:
    assert parse_port(text) == int(text)


@pytest.mark.parametrize(
    "text",
    ["", "0", "65536", "-1", "+1", "1 ", "80@evil.example", "0x50", "٣", "1e3", "1\n"],
)
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(CliPortError):
        parse_port(text)


def test_keys_that_are_too_small_too_large_or_no_rsa_keys_are_refused() -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    huge = rsa.RSAPublicNumbers(65537, (1 << 8200) + 1).public_key()
    for wrong in (
        parameter(huge),
        parameter(rsa_key(bits=1024).public_key()),
        parameter(curve.public_key()),
        parameter(rsa_key().public_key(), label="PUBLIC KEY"),
        parameter(rsa_key().public_key(), label="RSA PRIVATE KEY"),
    ):
        with pytest.raises(CliKeyError):
            CliKey.parse(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "=",
        "é",
        "A",
        "A" * 10_000,
        encoded(b"nothing"),
        encoded(b"\xff\xfe"),
        encoded(b"-----BEGIN RSA PUBLIC KEY-----\n-----END RSA PUBLIC KEY-----\n"),
        encoded(b"-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----"),
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(CliKeyError):
        CliKey.parse(text)


def test_a_key_with_anything_around_it_is_refused() -> None:
    good = parameter(rsa_key().public_key())

    long = encoded(decoded(good).replace(b"\n", b"\n" * 8000, 1))
    for wrong in (good + "==", f" {good}", encoded(decoded(good) * 2), long):
        with pytest.raises(CliKeyError):
            CliKey.parse(wrong)
