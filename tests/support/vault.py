"""A real vault with a key of its own: AES-256-GCM, bound to the context."""

import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from stackyard.kernel.secrets import Sealed, UnsealError


@dataclass
class AesGcmVault:
    key: bytes = field(default_factory=lambda: os.urandom(32), repr=False)

    def seal(self, secret: bytes, *, context: str) -> Sealed:
        nonce = os.urandom(12)
        body = AESGCM(self.key).encrypt(nonce, secret, context.encode())
        return Sealed(nonce + body)

    def unseal(self, sealed: Sealed, *, context: str) -> bytes:
        try:
            return AESGCM(self.key).decrypt(sealed[:12], sealed[12:], context.encode())
        except InvalidTag as error:
            raise UnsealError(context=context) from error
