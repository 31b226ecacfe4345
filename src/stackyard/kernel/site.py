"""What this installation is called, and where it is reached."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Site:
    """`base_url` is scheme and host, perhaps a port, never a path or a last slash."""

    base_url: str
    account: str

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc

    @property
    def secure(self) -> bool:
        return self.base_url.startswith("https://")
