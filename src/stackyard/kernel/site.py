"""What this installation is called, where it is reached, and where it calls from."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

# Clients want a number where there may be none; this one belongs to nobody.
NO_AWS_ACCOUNT: Final = "000000000000"
_TLS_PORT: Final = 443


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
    def registry_variable(self) -> str | None:
        """Return what Terraform reads a token for us from; None: it cannot say ports.

        The name is our host's, in Terraform's own spelling.
        """
        if self.host != self.host_name:
            return None
        return f"TF_TOKEN_{self.host.replace('-', '__').replace('.', '_')}"

    @property
    def secure(self) -> bool:
        return self.base_url.startswith("https://")


@dataclass(frozen=True, slots=True)
class Reach:
    """What others have to know to let us in, and to reach us, as an operator says it.

    `outgoing` are the addresses that we call from, `webhooks` the base of the URLs that
    webhooks come in by, `agents` host and port that VCS agents call, if these are not
    the site's own.
    """

    outgoing: tuple[str, ...] = ()
    aws_account: str = NO_AWS_ACCOUNT
    webhooks: str | None = None
    agents: str | None = None

    def webhook_url(self, provider: str, site: Site) -> str:
        return f"{self.webhooks or f'{site.base_url}/webhooks'}/{provider}"

    def agents_endpoint(self, site: Site) -> str:
        return self.agents or f"{site.host_name}:{_TLS_PORT}"
