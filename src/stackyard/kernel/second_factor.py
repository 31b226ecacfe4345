"""Proof beside the sign-in: something that a person has, and nobody else.

What is a secret is kept sealed by the caller; what is to be used once is forgotten by
the caller when it was used.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from stackyard.kernel.errors import UnauthorizedError


class PasskeyError(UnauthorizedError):
    """You are unauthorized: the security key's answer does not fit. Try again."""


class OneTimePasswordError(UnauthorizedError):
    """You are unauthorized: the code is wrong, or was used. Wait for the next one."""


@dataclass(frozen=True, slots=True)
class Passkey:
    """A security key as it is kept. *uses* is its own count, or always 0."""

    id: bytes
    public_key: bytes = field(repr=False)
    uses: int


@dataclass(frozen=True, slots=True)
class Challenge:
    """*options* is JSON for the browser; *expected* is kept for the answer, once."""

    options: str
    expected: bytes = field(repr=False)


class Passkeys(Protocol):
    def begin_registration(
        self, user_id: bytes, login: str, known: Collection[Passkey]
    ) -> Challenge:
        """Ask for a new key. *user_id* says nothing of the person, 64 bytes at most."""

    def finish_registration(self, expected: bytes, answer: str) -> Passkey:
        """Return the new key, or raise `PasskeyError`."""

    def begin_proof(self, known: Collection[Passkey]) -> Challenge:
        """Ask for any of the keys that a person has."""

    def finish_proof(
        self, expected: bytes, answer: str, known: Collection[Passkey]
    ) -> Passkey:
        """Return the key that was used, with its new count, or raise `PasskeyError`.

        A key that counts and did not count on is a copy, and is refused.
        """


class OneTimePasswords(Protocol):
    def new_secret(self) -> str:
        """Return a secret to be kept, sealed."""

    def uri(self, secret: str, login: str) -> str:
        """Return what an app reads from a QR code. It holds the secret."""

    def accept(
        self, secret: str, code: str, *, last_step: int | None, now: datetime
    ) -> int:
        """Return the step of *code*, to be kept as *last_step*.

        Raises `OneTimePasswordError`, also for a code that was used before.
        """
