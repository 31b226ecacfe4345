"""Real identity providers on this machine, and a browser that signs in to them.

They are other people's programs (npm's oidc-provider and samlp) with people and groups
of ours; `quirks` makes them do what some provider in the wild does, or an attacker.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.support.certificates import private_pem, rsa_key
from tests.support.git_backend import OwnTls
from tests.support.ports import free_port

HOME: Final = Path(__file__).parents[1] / "identity-providers"
CLIENT_ID: Final = "stackyard"
CLIENT_SECRET: Final = "a secret: with +&% in it"  # noqa: S105 - of a test's provider
PASSWORD: Final = "correct horse"  # noqa: S105 - the same
SECONDS: Final = 20
OIDC_USERS: Final[dict[str, dict[str, Any]]] = {
    "ada": {
        "password": PASSWORD,
        "email": "ada@example.com",
        "email_verified": True,
        "name": "Ada Lovelace",
        "groups": ["DevOps ", "admins"],
    },
    "bob": {
        "password": PASSWORD,
        "email": "bob@example.com",
        "email_verified": True,
        "given_name": "Bob",
        "family_name": "Builder",
    },
    "eve": {"password": PASSWORD, "name": "Eve", "groups": ["admins"]},
}
SAML_USERS: Final[dict[str, dict[str, Any]]] = {
    "ada": {
        "password": PASSWORD,
        "email": "ada@example.com",
        "firstName": "Ada",
        "lastName": "Lovelace",
        "teams": ["DevOps ", "admins"],
    },
    "bob": {"password": PASSWORD, "email": "bob@example.com"},
}


@dataclass
class IdentityProvider:
    """A program of `tests/identity-providers`, told what it is in a file."""

    program: str
    folder: Path
    config: dict[str, Any]
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.tls = OwnTls.make(self.folder)

    @property
    def base(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def start(self) -> None:
        if not (HOME / "node_modules").is_dir():
            raise AssertionError("make identity-providers")
        told = {
            "issuer": self.base,
            "base": self.base,
            "port": self.port,
            "certificate": str(self.tls.certificate),
            "key": str(self.tls.key),
        }
        config = self.folder / "config.json"
        config.write_text(json.dumps(told | self.config))
        with (self.folder / "provider.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["node", "--no-deprecation", str(HOME / self.program), str(config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + SECONDS
        while not self._answers():
            log_text = (self.folder / "provider.log").read_text()
            assert self._process.poll() is None, log_text
            assert time.monotonic() < deadline, "the identity provider does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    async def quirks(self, **quirks: Any) -> None:
        """Misbehave from now on as *quirks* say; none at all is good behaviour."""
        async with self.client() as client:
            answer = await client.post("/-/quirks", json=quirks)
            answer.raise_for_status()

    async def calls(self) -> dict[str, int]:
        """Return how often each path was asked for since the last `quirks`."""
        async with self.client() as client:
            found: dict[str, int] = (await client.get("/-/calls")).json()
            return found

    async def mint(self, claims: dict[str, Any], **sign: Any) -> str:
        """Return an ID token as a machine would have been given it."""
        async with self.client() as client:
            asked = {"claims": claims, "sign": sign}
            return (await client.post("/-/mint", json=asked)).text

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.base, verify=self.tls.trusted(), timeout=SECONDS
        )

    def _answers(self) -> bool:
        try:
            httpx.get(f"{self.base}/-/calls", verify=self.tls.trusted(), timeout=5)
        except httpx.TransportError:
            return False
        return True


@contextmanager
def oidc_provider(*redirect_uris: str, **config: Any) -> Iterator[IdentityProvider]:
    """Run one; *config* may say `thinIdToken` or `groupsScope`, and other users."""
    client = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uris": list(redirect_uris),
        "token_endpoint_auth_method": config.pop("auth", "client_secret_basic"),
    }
    told = {"clients": [client], "users": OIDC_USERS} | config
    yield from _running("oidc.js", told)


@contextmanager
def saml_provider(acs: str, audience: str, **config: Any) -> Iterator[IdentityProvider]:
    """Run one that posts to *acs*; it has two keys for signing: first, second."""
    with tempfile.TemporaryDirectory(prefix="stackyard-saml-keys-") as folder:
        told = {
            "acs": acs,
            "audience": audience,
            "users": SAML_USERS,
            "signing": {
                name: signing_key(Path(folder), name, number)
                for number, name in enumerate(("first", "second"), start=1)
            },
        }
        yield from _running("saml.js", told | config)


def _running(program: str, config: dict[str, Any]) -> Iterator[IdentityProvider]:
    with tempfile.TemporaryDirectory(prefix="stackyard-idp-") as folder:
        provider = IdentityProvider(program, Path(folder), config)
        try:
            provider.start()
            yield provider
        finally:
            provider.stop()


def signing_key(folder: Path, name: str, number: int) -> dict[str, str]:
    """Write a key and its certificate, as providers make them; return where."""
    key = rsa_key(number)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)  # noqa: TID251 - OpenSSL asks the machine too
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files = {"certificate": folder / f"{name}.pem", "key": folder / f"{name}.key"}
    files["certificate"].write_bytes(certificate.public_bytes(Encoding.PEM))
    files["key"].write_bytes(private_pem(key))
    return {what: str(path) for what, path in files.items()}


class _Form(HTMLParser):
    """The one form of a page: where it goes, and what it holds."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action, self.fields = "", dict[str, str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "form":
            self.action = said.get("action") or ""
        if tag == "input":
            self.fields[said.get("name") or ""] = said.get("value") or ""


@dataclass
class Browser:
    """Follows redirects, keeps cookies and fills in forms, until it is sent home."""

    provider: IdentityProvider
    home: str  # the address that it does not go to

    async def sign_in(
        self, url: str, login: str = "ada", password: str = PASSWORD
    ) -> dict[str, str]:
        """Return the parameters it comes home with, of the URL or of the form."""
        async with self.provider.client() as client:
            answer = await client.get(url)
            for _ in range(10):
                if target := answer.headers.get("location"):
                    url = urljoin(url, target)
                    if url.startswith(self.home):
                        return dict(parse_qsl(urlsplit(url).query))
                    answer = await client.get(url)
                    continue
                assert answer.status_code == 200, answer.text
                form = _Form(answer.text)
                if form.action.startswith(self.home):
                    return form.fields
                url = urljoin(url, form.action)
                filled = form.fields | {"login": login, "password": password}
                answer = await client.post(url, data=filled)
        raise AssertionError("the browser went round in circles")
