"""What this installation is called, and where it is reached."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Site:
    """`base_url` is scheme and host, perhaps a port, never a path or a last slash.

    `custom_issuer` and `custom_jwks_uri` are for clouds that cannot reach us: an
    operator publishes our keys elsewhere.
    """

    base_url: str
    account: str
    custom_issuer: str | None = None
    custom_jwks_uri: str | None = None

    @property
    def issuer(self) -> str:
        """Return who issues the tokens by which clouds know a run."""
        return self.custom_issuer or self.base_url

    @property
    def jwks_uri(self) -> str:
        return self.custom_jwks_uri or f"{self.issuer}/.well-known/jwks"

    @property
    def host_name(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc

    @property
    def secure(self) -> bool:
        return self.base_url.startswith("https://")
