"""Reads what a user sends as a signing request. Pure, and suspicious."""

import base64
import binascii
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from stackyard.adapters.crypto.authority.errors import SigningRequestError

LARGEST: Final = 32 * 1024
SMALLEST_KEY: Final = 2048
LARGEST_KEY: Final = 8192
_WEAK: Final = (hashes.MD5, hashes.SHA1)


def read_request(encoded: str) -> rsa.RSAPublicKey:
    """Return the public key of a base64-encoded PEM signing request.

    The sender has proven to hold the private key: the request is signed with it. The
    subject and all wishes for extensions mean nothing.
    """
    request = _parse(encoded)
    key = _rsa_key(request)
    _check_signature(request)
    return key


def _parse(encoded: str) -> x509.CertificateSigningRequest:
    if len(encoded) > LARGEST:
        raise SigningRequestError(reason="it is too large")
    try:
        pem = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SigningRequestError(
            reason="it is not base64; send the PEM file, base64-encoded as a whole"
        ) from error
    try:
        return x509.load_pem_x509_csr(pem)
    except ValueError as error:
        raise SigningRequestError(
            reason="what was base64-encoded is not a PEM file that starts with"
            " -----BEGIN CERTIFICATE REQUEST-----"
        ) from error


def _rsa_key(request: x509.CertificateSigningRequest) -> rsa.RSAPublicKey:
    try:
        key = request.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SigningRequestError(reason="its public key is damaged") from error
    if isinstance(key, ec.EllipticCurvePublicKey):
        raise SigningRequestError(
            reason="its key is an elliptic curve key; an RSA key is needed, since jobs"
            " are encrypted to it"
        )
    if not isinstance(key, rsa.RSAPublicKey):
        raise SigningRequestError(reason="its key is not an RSA key")
    if not SMALLEST_KEY <= key.key_size <= LARGEST_KEY:
        raise SigningRequestError(
            reason=f"its RSA key has {key.key_size} bits; {SMALLEST_KEY} to"
            f" {LARGEST_KEY} are accepted"
        )
    return key


def _check_signature(request: x509.CertificateSigningRequest) -> None:
    try:
        weak = isinstance(request.signature_hash_algorithm, _WEAK)
        valid = not weak and request.is_signature_valid
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise SigningRequestError(reason="its signature cannot be read") from error
    if weak:
        raise SigningRequestError(reason="it is signed with MD5 or SHA-1")
    if not valid:
        raise SigningRequestError(
            reason="its signature was not made with the key that it holds"
        )
