"""Keys and signing requests, made by a process that ends.

What a cryptographic library takes once is not given back, and `stackyard up` stays in
memory for as long as the platform runs. So it calls the two functions here, and they
call this module as a program. Keys pass by standard input and output only.
"""

import base64
import subprocess
import sys
from typing import Final

from stackyard.embedded.inheritance import inherited

_SECONDS: Final = 60


def make_rsa_key() -> str:
    """Return a new key as PEM. Takes a second."""
    return _call("key", "")


def make_signing_request(key: str, name: str) -> str:
    """Return a request in *name*, signed with the key, as PEM in base64."""
    return _call("request", key, name)


def _call(what: str, given: str, *arguments: str) -> str:
    return subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", __name__, what, *arguments],
        check=True,
        input=given,
        stdout=subprocess.PIPE,
        env=inherited(),
        text=True,
        timeout=_SECONDS,
    ).stdout


def main(what: str, *arguments: str) -> None:
    made = _key() if what == "key" else _signing_request(sys.stdin.read(), *arguments)
    sys.stdout.write(made)


def _key() -> str:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - see top
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

    return (
        rsa.generate_private_key(public_exponent=65537, key_size=4096)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def _signing_request(key: str, common_name: str) -> str:
    from cryptography import x509  # noqa: PLC0415 - see top
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import (  # noqa: PLC0415
        RSAPrivateKey,
    )

    private = serialization.load_pem_private_key(key.encode(), password=None)
    if not isinstance(private, RSAPrivateKey):
        raise TypeError("the pool's key is not an RSA key")
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name)
    signed = request.sign(private, hashes.SHA256())
    return base64.b64encode(signed.public_bytes(serialization.Encoding.PEM)).decode()


if __name__ == "__main__":
    main(*sys.argv[1:])
