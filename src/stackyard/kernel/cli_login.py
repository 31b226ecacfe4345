"""A token on its way to a command line, through a browser and a port of localhost.

The command line makes an RSA key, sends the browser here with the public half, and
listens. What goes back is in the browser's history and may be in a log, so it is
sealed: an AES key under the RSA key, and the token under the AES key.
"""

import base64
import binascii
import os
import re
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlencode

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import load_der_public_key

from stackyard.kernel.errors import InvalidError

# The label is that of one encoding and the shipped clients put the other one inside.
_PEM: Final = re.compile(
    r"-----BEGIN RSA PUBLIC KEY-----\s([A-Za-z0-9+/=\s]+)"
    r"-----END RSA PUBLIC KEY-----\s*"
)
_UNPADDED: Final = re.compile(r"[A-Za-z0-9_-]+")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_MOST_PORTS: Final = 65535
_LONGEST: Final = 8192
_FEWEST_BITS: Final = 2048
_MOST_BITS: Final = 8192
_AES_BYTES: Final = 32
_BLOCK_BYTES: Final = 16


class CliKeyError(InvalidError):
    """The parameter "key" is no RSA key of 2048 to 8192 bits as the CLI sends it."""


class CliPortError(InvalidError):
    """The parameter "port" must be a number from 1 to 65535."""


@dataclass(frozen=True, slots=True)
class SealedToken:
    """Both halves in base64 for URLs, without padding."""

    token: str
    key: str

    def url(self, port: int) -> str:
        """Return where the command line listens. It is never another machine."""
        if not 1 <= port <= _MOST_PORTS:
            raise CliPortError
        query = urlencode({"token": self.token, "key": self.key})
        return f"http://localhost:{port}/?{query}"


@dataclass(frozen=True, slots=True)
class CliKey:
    _key: rsa.RSAPublicKey = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the parameter `key` of the CLI's login."""
        found = _PEM.fullmatch(_pem(text))
        if not found:
            raise CliKeyError
        try:
            der = base64.b64decode("".join(found[1].split()), validate=True)
            key = load_der_public_key(der)
        except (binascii.Error, ValueError, UnsupportedAlgorithm) as error:
            raise CliKeyError from error
        if not isinstance(key, rsa.RSAPublicKey):
            raise CliKeyError
        if not _FEWEST_BITS <= key.key_size <= _MOST_BITS:
            raise CliKeyError(bits=key.key_size)
        return cls(key)

    def seal(self, token: str) -> SealedToken:
        aes, start = os.urandom(_AES_BYTES), os.urandom(_BLOCK_BYTES)
        pad = PKCS7(_BLOCK_BYTES * 8).padder()
        padded = pad.update(token.encode()) + pad.finalize()
        # the clients know no authenticated mode; whoever could change this could as
        # well send a token of their own
        encryptor = Cipher(algorithms.AES(aes), modes.CBC(start)).encryptor()
        body = encryptor.update(padded) + encryptor.finalize()
        oaep = padding.OAEP(padding.MGF1(SHA512()), SHA512(), label=None)
        return SealedToken(
            _encoded(start + body), _encoded(self._key.encrypt(aes, oaep))
        )


def parse_port(text: str) -> int:
    """Read the parameter `port` of the CLI's login."""
    if not _PORT.fullmatch(text) or not 1 <= int(text) <= _MOST_PORTS:
        raise CliPortError
    return int(text)


def _pem(text: str) -> str:
    if len(text) > _LONGEST or not _UNPADDED.fullmatch(text):
        raise CliKeyError
    try:
        return base64.urlsafe_b64decode(text + "==").decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise CliKeyError from error


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
