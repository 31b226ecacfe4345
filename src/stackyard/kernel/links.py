"""Short-lived links: whoever has one may do that one thing. They need no table."""

import base64
import binascii
import json
from dataclasses import dataclass

from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.secrets import Sealed, UnsealError, Vault


class LinkStaleError(NotFoundError):
    """The link is not valid, or no longer."""


@dataclass(frozen=True, slots=True)
class SealedLinks:
    vault: Vault
    clock: Clock
    base_url: str

    def make(self, purpose: str, what: str, *, seconds: int) -> str:
        """Return `/<purpose>/<token>`, which grants *what* for so many seconds."""
        until = self.clock().timestamp() + seconds
        body = json.dumps({"what": what, "until": until}).encode()
        sealed = self.vault.seal(body, context=purpose)
        token = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
        return f"{self.base_url}/{purpose}/{token}"

    def read(self, purpose: str, token: str) -> str:
        """Return what the link is for, or raise `LinkStaleError`."""
        try:
            padded = token + "=" * (-len(token) % 4)
            sealed = Sealed(base64.urlsafe_b64decode(padded))
            said = json.loads(self.vault.unseal(sealed, context=purpose))
        except (UnsealError, binascii.Error, ValueError):
            raise LinkStaleError from None
        if said["until"] < self.clock().timestamp():
            raise LinkStaleError
        return str(said["what"])
