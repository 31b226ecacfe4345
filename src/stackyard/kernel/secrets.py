"""Secrets at rest. What is sealed has a type of its own: no mistake shows it."""

from typing import NewType, Protocol

from stackyard.kernel.errors import ConflictError

Sealed = NewType("Sealed", bytes)


class Vault(Protocol):
    """Authenticated encryption under the installation's data key.

    *context* names the row and column (`stack_config/<stack>/<name>`): a sealed value
    that was moved elsewhere does not open there.
    """

    def seal(self, secret: bytes, *, context: str) -> Sealed:
        """Return *secret* so that only this installation can read it."""

    def unseal(self, sealed: Sealed, *, context: str) -> bytes:
        """Return the secret, or raise `UnsealError`."""


class UnsealError(ConflictError):
    """A stored secret does not open with this installation's key."""
