"""Signed statements that we hand out and later believe."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from stackyard.kernel.errors import UnauthorizedError


class TokenError(UnauthorizedError):
    """You are unauthorized: the token is not valid, or no longer."""


class Tokens(Protocol):
    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return a JWT that says exactly *claims*; the caller knows what they mean."""

    def verify(
        self, token: str, *, audience: str, issuers: Collection[str]
    ) -> dict[str, Any]:
        """Return the claims, or raise `TokenError`.

        Signature, algorithm, times, the one audience and the issuer are all checked:
        a token made for something else is no token.
        """

    def jwks(self) -> dict[str, Any]:
        """Return the public half, as a JSON Web Key Set."""
