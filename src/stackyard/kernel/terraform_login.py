"""What `terraform login` asks for: OAuth 2's authorization code, with PKCE. Pure.

Terraform is a public client: it has no secret, so what shows that a code is its own is
the verifier, whose hash it sent before. It listens on a port of this computer.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlencode

from stackyard.kernel.errors import InvalidError

CLIENT: Final = "terraform-cli"
FIRST_PORT: Final = 10_000
LAST_PORT: Final = 10_010
_ADDRESS: Final = re.compile(
    r"(http://(?:localhost|127\.0\.0\.1):([0-9]{5}))(?:/[A-Za-z0-9._~/-]*)?"
)
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class LoginClientError(InvalidError):
    """The parameter "client_id" must be "terraform-cli": no other program may ask."""


class LoginAddressError(InvalidError):
    """The parameter "redirect_uri" must be http://localhost with a port 10000-10010."""


@dataclass(frozen=True, slots=True)
class Callback:
    """Where Terraform listens, and by what it knows its own request again."""

    url: str
    origin: str
    state: str

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Self:
        """Raise if the browser must not be sent there, not even with an error."""
        if query.get("client_id") != CLIENT:
            raise LoginClientError
        url = query.get("redirect_uri", "")
        found = _ADDRESS.fullmatch(url)
        if found is None or not FIRST_PORT <= int(found[2]) <= LAST_PORT:
            raise LoginAddressError
        return cls(url, found[1], query.get("state", ""))

    def with_answer(self, **said: str) -> str:
        state = {"state": self.state} if self.state else {}
        return f"{self.url}?{urlencode(said | state)}"


def problem_with(query: Mapping[str, str]) -> tuple[str, str] | None:
    """Return what is wrong with a request for a code: OAuth's word for it, and ours."""
    if query.get("response_type") != "code":
        return "unsupported_response_type", "response_type must be code."
    if query.get("code_challenge_method") != "S256":
        return "invalid_request", "code_challenge_method must be S256."
    if not _CHALLENGE.fullmatch(query.get("code_challenge", "")):
        return "invalid_request", "code_challenge must be a SHA-256 in base64url."
    return None


def bound(challenge: str, redirect_uri: str) -> bytes:
    """Return what a code is tied to: who comes for it must know both."""
    return hashlib.sha256(f"{challenge}\0{redirect_uri}".encode()).digest()


def challenge_of(verifier: str) -> str | None:
    """Return the challenge that a verifier fits; None if it is none."""
    if not _VERIFIER.fullmatch(verifier):
        return None
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
