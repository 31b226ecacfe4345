"""The command line signs in by a browser, with exactly its cryptography."""

import base64
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from tests.support.certificates import rsa_key
from tests.support.edge import ADMIN, Edge

from stackyard.adapters.postgres import Database
from stackyard.identity import AdminCredentials, CredentialsError
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import SessionId

RIGHT = {"username": ADMIN.username, "password": ADMIN.password}


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def asked() -> dict[str, str]:
    """Return what spacectl sends: PKIX in a PEM block that says PKCS#1."""
    der = (
        rsa_key()
        .public_key()
        .public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
    )
    body = base64.encodebytes(der).decode()
    pem = f"-----BEGIN RSA PUBLIC KEY-----\n{body}-----END RSA PUBLIC KEY-----\n"
    key = base64.urlsafe_b64encode(pem.encode()).rstrip(b"=").decode()
    return {"key": key, "port": "4711"}


def opened(location: str) -> str:
    """Return the token, as the command line decrypts it."""
    query = parse_qs(urlsplit(location).query)
    key = rsa_key().decrypt(
        raw(query["key"][0]),
        padding.OAEP(padding.MGF1(hashes.SHA512()), hashes.SHA512(), None),
    )
    sealed = raw(query["token"][0])
    cipher = Cipher(algorithms.AES(key), modes.CBC(sealed[:16])).decryptor()
    padded = cipher.update(sealed[16:]) + cipher.finalize()
    unpad = PKCS7(128).unpadder()
    return (unpad.update(padded) + unpad.finalize()).decode()


@pytest.fixture
async def edge(database: Database) -> Edge:
    edge = Edge(database)
    await edge.prepare()
    return edge


async def test_whoever_is_not_signed_in_does_that_first(edge: Edge) -> None:
    async with edge.client() as client:
        answer = await client.get("/cli_login", params=asked())
        said = parse_qs(urlsplit(answer.headers["location"]).query)["return_to"][0]
        assert said.startswith("/cli_login?key=")
        posted = await client.post("/cli_login", params=asked())
        assert posted.headers["location"].startswith("/?return_to=")


async def token_of(client: httpx.AsyncClient) -> str:
    await client.post("/session", json=RIGHT)
    page = await client.get("/cli_login", params=asked())
    assert page.status_code == 200
    assert "asks to work as ada" in page.text
    assert "http://localhost:4711" in page.headers["content-security-policy"]
    sent = await client.post("/cli_login", params=asked())
    assert sent.status_code == 303
    assert sent.headers["location"].startswith("http://localhost:4711/?token=")
    return opened(sent.headers["location"])


async def test_a_token_comes_to_the_command_line_that_asked(edge: Edge) -> None:
    async with edge.client() as client:
        token = await token_of(client)
        claims = edge.tokens.verify(
            token, audience=edge.site.base_url, issuers={"user"}
        )
        assert claims["sub"] == "ada"

        subject = await edge.authenticator.bearer(token)
        assert (subject.name, subject.admin) == ("ada", True)
        async with edge.unit() as unit:
            listed = await unit.account.open_sessions(by=SYSTEM)
            assert [one.command_line for one in listed] == [True, False]
            await unit.account.end_session(SessionId(claims["jti"]), by=SYSTEM)
        with pytest.raises(CredentialsError):
            await edge.authenticator.bearer(token)


async def test_another_password_of_the_operator_ends_it(edge: Edge) -> None:
    async with edge.client() as client:
        token = await token_of(client)
    changed = Edge(edge.database, admin=AdminCredentials("ada", "another"))
    with pytest.raises(CredentialsError):
        await changed.authenticator.bearer(token)


@pytest.mark.parametrize(
    "changes",
    [{"key": "AAAA"}, {"port": "0"}, {"port": "99999"}, {"port": "1@evil.example"}],
)
async def test_a_link_that_is_wrong_says_so(
    edge: Edge, changes: dict[str, str]
) -> None:
    async with edge.client() as client:
        await client.post("/session", json=RIGHT)
        for call in (client.get, client.post):
            answer = await call("/cli_login", params=asked() | changes)
            assert answer.status_code == 400


async def test_another_site_cannot_say_yes_for_somebody(edge: Edge) -> None:
    async with edge.client() as client:
        await client.post("/session", json=RIGHT)
        answer = await client.post(
            "/cli_login", params=asked(), headers={"origin": "https://evil.example"}
        )
        assert answer.status_code == 403


async def test_the_browser_is_told_how_it_went(edge: Edge) -> None:
    async with edge.client() as client:
        assert (await client.get("/auth_success")).status_code == 200
        assert (await client.get("/auth_failure")).status_code == 403
