"""`terraform login`, as Terraform does it: a code by the browser, a token for it."""

import asyncio
import base64
import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import text
from tests.support.edge import ADMIN, Edge

from stackyard.adapters.postgres import Database
from stackyard.http.discovery import discovery_route
from stackyard.http.oauth import LOGIN
from stackyard.identity import AdminCredentials, CredentialsError
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import SessionId

RIGHT = {"username": ADMIN.username, "password": ADMIN.password}
VERIFIER = "a-verifier-of-terraform.that-is_long~enough-01234"
HERE = "http://localhost:10003/login"


WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock'"
)


def challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


ASKED = {
    "client_id": "terraform-cli",
    "code_challenge": challenge(VERIFIER),
    "code_challenge_method": "S256",
    "redirect_uri": HERE,
    "response_type": "code",
    "state": "of Terraform's own",
}


def query_of(location: str) -> dict[str, str]:
    return {name: one for name, (one,) in parse_qs(urlsplit(location).query).items()}


@pytest.fixture
async def edge(database: Database) -> Edge:
    edge = Edge(database, routes=[discovery_route({"login.v1": LOGIN})])
    await edge.prepare()
    return edge


async def code_of(client: httpx.AsyncClient, **changes: str) -> str:
    await client.post("/session", json=RIGHT)
    sent = await client.post("/oauth/authorization", params=ASKED | changes)
    assert sent.status_code == 303
    return query_of(sent.headers["location"])["code"]


async def redeem(
    client: httpx.AsyncClient, code: str | list[str], **changes: str | list[str]
) -> tuple[int, dict[str, Any]]:
    form = {
        "client_id": "terraform-cli",
        "code": code,
        "code_verifier": VERIFIER,
        "grant_type": "authorization_code",
        "redirect_uri": HERE,
    }
    said = {name: one for name, one in {**form, **changes}.items() if one}
    answer = await client.post("/oauth/token", data=said)
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()


async def test_terraform_finds_out_where_to_log_in(edge: Edge) -> None:
    async with edge.client() as client:
        found = (await client.get("/.well-known/terraform.json")).json()["login.v1"]
        assert found == {
            "client": "terraform-cli",
            "grant_types": ["authz_code"],
            "authz": "/oauth/authorization",
            "token": "/oauth/token",
            "ports": [10000, 10010],
        }


async def test_whoever_is_not_signed_in_does_that_first(edge: Edge) -> None:
    async with edge.client() as client:
        for call in (client.get, client.post):
            answer = await call("/oauth/authorization", params=ASKED)
            back = query_of(answer.headers["location"])["return_to"]
            assert back.startswith("/oauth/authorization?")
            assert query_of(back) == ASKED


async def test_a_person_says_yes_and_terraform_works_as_they_do(edge: Edge) -> None:
    async with edge.client() as client:
        await client.post("/session", json=RIGHT)
        page = await client.get("/oauth/authorization", params=ASKED)
        assert page.status_code == 200
        assert "asks to work as ada" in page.text
        assert (
            "http://localhost:10003;" in f"{page.headers['content-security-policy']};"
        )

        sent = await client.post("/oauth/authorization", params=ASKED)
        assert sent.headers["location"].startswith(f"{HERE}?")
        said = query_of(sent.headers["location"])
        assert said["state"] == ASKED["state"]

    async with edge.client() as terraform:  # it has no cookie
        status, given = await redeem(terraform, said["code"])
    assert status == 200
    assert (given["token_type"], given["expires_in"]) == ("bearer", 36000)
    subject = await edge.authenticator.bearer(given["access_token"])
    assert (subject.name, subject.admin) == ("ada", True)


async def test_it_is_a_session_that_is_seen_and_ended(edge: Edge) -> None:
    async with edge.client() as client:
        _, given = await redeem(client, await code_of(client))
    token = given["access_token"]
    claims = edge.tokens.verify(token, audience=edge.site.base_url, issuers={"user"})
    async with edge.unit() as unit:
        listed = await unit.account.open_sessions(by=SYSTEM)
        assert [one.command_line for one in listed] == [True, False]
        assert listed[0].id == claims["jti"]
        query = text("SELECT action, actor FROM audit_entries WHERE affected_id = :id")
        noted = await unit.session.execute(query, {"id": claims["jti"]})
        assert [(action, "ada" in actor) for action, actor in noted] == [
            ("session.create", True)
        ]
        await unit.account.end_session(SessionId(claims["jti"]), by=SYSTEM)
    with pytest.raises(CredentialsError):
        await edge.authenticator.bearer(token)


async def test_a_code_that_comes_twice_ends_what_it_opened(edge: Edge) -> None:
    async with edge.client() as client:
        code = await code_of(client)
        _, given = await redeem(client, code)
        status, said = await redeem(client, code)
        assert (status, said["error"]) == (400, "invalid_grant")
        assert "used before" in said["error_description"]
        with pytest.raises(CredentialsError):
            await edge.authenticator.bearer(given["access_token"])
        _, said = await redeem(client, code)
        assert "not known" in said["error_description"]


async def waiting(edge: Edge) -> int:
    async with edge.database.transaction() as session:
        return await session.scalar(text(WAITING)) or 0


async def test_of_two_at_once_one_is_given_a_token_at_most(edge: Edge) -> None:
    async with edge.client() as client:
        code = await code_of(client)
        async with edge.database.transaction() as session:
            await session.execute(text("SELECT 1 FROM sessions FOR UPDATE"))
            both = [asyncio.create_task(redeem(client, code)) for _ in range(2)]
            while await waiting(edge) != len(both):
                assert not any(one.done() for one in both)
        said = await asyncio.gather(*both)
        assert sorted(status for status, _ in said) == [200, 400]


async def test_a_code_lasts_a_minute(edge: Edge) -> None:
    async with edge.client() as client:
        code = await code_of(client)
        edge.clock.advance(timedelta(minutes=1).total_seconds())
        status, said = await redeem(client, code)
        assert (status, said["error"]) == (400, "invalid_grant")
        assert "lasts a minute" in said["error_description"]


async def test_a_code_is_of_who_has_the_verifier(edge: Edge) -> None:
    async with edge.client() as client:
        code = await code_of(client)
        other = "http://localhost:10004/login"
        for wrong in ({"code_verifier": "x" * 43}, {"redirect_uri": other}):
            status, said = await redeem(client, code, **wrong)
            assert (status, said["error"]) == (400, "invalid_grant")
            assert "another code_verifier or redirect_uri" in said["error_description"]
        assert (await redeem(client, code))[0] == 200


WRONG_FORMS: list[tuple[dict[str, str | list[str]], str, str]] = [
    ({"client_id": "curl"}, "invalid_client", "terraform-cli"),
    ({"client_id": ""}, "invalid_client", "terraform-cli"),
    ({"grant_type": "password"}, "unsupported_grant_type", "authorization_code"),
    ({"grant_type": ""}, "invalid_request", "grant_type is missing"),
    ({"code": ""}, "invalid_request", "code is missing"),
    ({"code_verifier": ""}, "invalid_request", "code_verifier is missing"),
    ({"code_verifier": "short"}, "invalid_request", "code_verifier"),
    ({"redirect_uri": ""}, "invalid_request", "redirect_uri is missing"),
    ({"code": ["one", "two"]}, "invalid_request", "twice"),
    ({"code": "made up"}, "invalid_grant", "not known"),
]


async def test_what_is_wrong_with_a_request_is_said_in_oauths_words(
    edge: Edge,
) -> None:
    async with edge.client() as client:
        for changes, error, word in WRONG_FORMS:
            status, said = await redeem(client, **{"code": "x", **changes})
            assert (status, said["error"]) == (400, error), changes
            assert word in said["error_description"]
        answer = await client.post("/oauth/token", json={})
        assert answer.json()["error"] == "invalid_client"


ELSEWHERE = [
    {"client_id": "curl"},
    {"redirect_uri": "https://evil.example/login"},
    {"redirect_uri": "http://localhost.evil.example:10000/login"},
    {"redirect_uri": "http://localhost:10000@evil.example/login"},
    {"redirect_uri": "http://localhost:10000/login?to=https://evil.example"},
    {"redirect_uri": "http://localhost:9999/login"},
    {"redirect_uri": "http://localhost:10011/login"},
    {"redirect_uri": "http://localhost:10000/login\n"},
    {"redirect_uri": ""},
]


async def test_a_browser_is_sent_nowhere_but_to_terraform(edge: Edge) -> None:
    async with edge.client() as client:
        await client.post("/session", json=RIGHT)
        for changes in ELSEWHERE:
            for call in (client.get, client.post):
                answer = await call("/oauth/authorization", params=ASKED | changes)
                assert answer.status_code == 400, changes
                assert "location" not in answer.headers


WRONG_QUESTIONS = [
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"code_challenge": ""}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": ""}, "invalid_request"),
]


async def test_terraform_is_told_what_it_asked_wrongly(edge: Edge) -> None:
    async with edge.client() as client:
        await client.post("/session", json=RIGHT)
        for changes, error in WRONG_QUESTIONS:
            for call in (client.get, client.post):
                answer = await call("/oauth/authorization", params=ASKED | changes)
                assert answer.headers["location"].startswith(f"{HERE}?")
                said = query_of(answer.headers["location"])
                assert (said["error"], said["state"]) == (error, ASKED["state"])
                assert "code" not in said


async def test_both_names_of_this_computer_are_taken(edge: Edge) -> None:
    async with edge.client() as client:
        for port in (10000, 10010):
            here = f"http://127.0.0.1:{port}/login"
            code = await code_of(client, redirect_uri=here)
            assert (await redeem(client, code, redirect_uri=here))[0] == 200


async def test_another_site_cannot_say_yes_for_somebody(edge: Edge) -> None:
    async with edge.client() as client:
        await client.post("/session", json=RIGHT)
        evil = {"origin": "https://evil.example"}
        answer = await client.post("/oauth/authorization", params=ASKED, headers=evil)
        assert answer.status_code == 403


async def test_another_password_of_the_operator_ends_the_code(edge: Edge) -> None:
    async with edge.client() as client:
        code = await code_of(client)
    changed = Edge(edge.database, admin=AdminCredentials("ada", "another"))
    async with changed.client() as client:
        status, said = await redeem(client, code)
        assert (status, said["error"]) == (400, "invalid_grant")
