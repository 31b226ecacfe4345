from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

BITS = 4096


def generate_rsa_key(*, bits: int = BITS) -> str:
    """Return a new private key as PEM (PKCS#8, unencrypted).

    `ENCRYPTION_RSA_PRIVATE_KEY` takes it in base64. It takes about a second: call it
    off the event loop.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode()
