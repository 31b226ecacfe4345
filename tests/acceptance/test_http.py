import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from structlog.testing import capture_logs
from tests.support.edge import ADMIN, SITE, Edge
from tests.support.ports import free_port

from stackyard.adapters.postgres import Database
from stackyard.http.condition import Condition
from stackyard.http.health import instrumentation_app
from stackyard.http.routes import route
from stackyard.identity import SignInCount
from stackyard.kernel.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    StackyardError,
    UnauthorizedError,
    UnavailableError,
)
from stackyard.kernel.needs import Rule
from stackyard.kernel.site import Site

RIGHT = {"username": ADMIN.username, "password": ADMIN.password}
OWN = {"x-stackyard-csrf": "1"}
KINDS: dict[str, type[StackyardError]] = {
    "400": InvalidError,
    "401": UnauthorizedError,
    "403": ForbiddenError,
    "404": NotFoundError,
    "409": ConflictError,
    "503": UnavailableError,
}


async def fails(request: Request) -> Response:
    raise KINDS[request.path_params["kind"]](stack="net")


async def crashes(_request: Request) -> Response:
    raise RuntimeError("password=canary")


async def breaks_off(_request: Request) -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("password=canary")

    return StreamingResponse(body())


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


ROUTES = (
    route("/fails/{kind}", fails, needs=Rule.ANYBODY),
    route("/crashes", crashes, needs=Rule.ANYBODY),
    route("/breaks-off", breaks_off, needs=Rule.ANYBODY),
    route("/small", echo, methods=["POST"], needs=Rule.ANYBODY),
    route("/small/not", echo, methods=["POST"], needs=Rule.ANYBODY),
)


@pytest.fixture
async def edge(database: Database) -> Edge:
    edge = Edge(database, routes=ROUTES)
    await edge.prepare()
    return edge


@pytest.fixture
async def client(edge: Edge) -> AsyncIterator[httpx.AsyncClient]:
    async with edge.client() as client:
        yield client


async def test_signing_in_opens_a_session_that_signing_out_ends(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get("/session")).status_code == 401

    opened = await client.post("/session", json=RIGHT)
    assert opened.status_code == 204
    assert (await client.get("/session")).json() == {
        "name": "ada",
        "admin": True,
        "method": "ADMIN",
        "second_factor": "NOT_NEEDED",
    }
    token = client.cookies["stackyard_session"]

    assert (await client.delete("/session")).status_code == 403
    assert (await client.delete("/session", headers=OWN)).status_code == 204
    assert "stackyard_session" not in client.cookies
    client.cookies.set("stackyard_session", token)
    assert (await client.get("/session")).status_code == 401


@pytest.mark.parametrize(
    ("scheme", "flags"),
    [
        ("http", {"httponly", "samesite=lax", "path=/", "max-age=604800"}),
        ("https", {"httponly", "samesite=lax", "path=/", "max-age=604800", "secure"}),
    ],
)
async def test_the_cookie_is_out_of_reach_of_scripts_and_of_plain_http(
    database: Database, scheme: str, flags: set[str]
) -> None:
    edge = Edge(database, site=Site(f"{scheme}://stackyard.test", "acme"))
    async with edge.client() as client:
        response = await client.post("/session", json=RIGHT)

    name, *said = response.headers["set-cookie"].split("; ")
    assert name.startswith("stackyard_session=")
    assert {one.lower() for one in said} == flags


async def test_signing_in_again_ends_the_session_before(
    client: httpx.AsyncClient,
) -> None:
    await client.post("/session", json=RIGHT)
    before = client.cookies["stackyard_session"]
    await client.post("/session", json=RIGHT)
    assert client.cookies["stackyard_session"] != before

    client.cookies.clear()
    client.cookies.set("stackyard_session", before)
    assert (await client.get("/session")).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": "ada", "password": ""},
        {"username": "ADA", "password": ADMIN.password},
        {"username": "eve", "password": ADMIN.password},
        {"username": "ada", "password": "x" * 5000},
        {"username": "\0", "password": "\0"},
    ],
)
async def test_wrong_credentials_open_nothing(
    client: httpx.AsyncClient, wrong: dict[str, str]
) -> None:
    response = await client.post("/session", json=wrong)

    assert response.status_code == 401
    assert "set-cookie" not in response.headers


async def test_after_too_many_tries_one_has_to_wait(client: httpx.AsyncClient) -> None:
    for _ in range(SignInCount.LIMIT):
        response = await client.post("/session", json=RIGHT | {"password": "x"})
        assert response.status_code == 401

    response = await client.post("/session", json=RIGHT)

    assert response.status_code == 429
    assert int(response.headers["retry-after"]) == 900


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{}", {"content-type": "application/json"}, 400),
        (b"[", {"content-type": "application/json"}, 400),
        (b"username=ada", {"content-type": "application/x-www-form-urlencoded"}, 400),
        (b'{"username":"a","password":"b"}', {"content-type": "text/plain"}, 400),
        (
            b'{"username":"a","password":"b"}',
            {"content-type": "application/json", "origin": "https://evil.example"},
            403,
        ),
    ],
)
async def test_signing_in_takes_only_json_from_our_own_pages(
    client: httpx.AsyncClient, content: bytes, headers: dict[str, str], status: int
) -> None:
    response = await client.post("/session", content=content, headers=headers)

    assert response.status_code == status


@pytest.mark.parametrize("value", ["Basic !", "Basic YQ==", "Digest x", "Bearer", "x"])
async def test_odd_credentials_are_refused_even_with_a_good_cookie(
    client: httpx.AsyncClient, value: str
) -> None:
    await client.post("/session", json=RIGHT)

    response = await client.get("/session", headers={"authorization": value})

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


async def test_a_key_signs_in_with_name_and_password(
    edge: Edge, client: httpx.AsyncClient
) -> None:
    key, secret = await edge.key()

    good = await client.get("/session", auth=(key.id, secret))
    bad = await client.get("/session", auth=(key.id, "wrong"))

    assert good.json()["name"] == "ci"
    assert bad.status_code == 401


@pytest.mark.parametrize("status", KINDS)
async def test_the_kind_of_an_error_is_its_status(
    client: httpx.AsyncClient, status: str
) -> None:
    response = await client.get(f"/fails/{status}")

    assert response.status_code == int(status)
    assert response.json() == {
        "code": KINDS[status].kind,
        "message": str(KINDS[status]()),
        "facts": {"stack": "net"},
    }


async def test_a_bug_is_a_number_in_the_log_and_nothing_else(
    client: httpx.AsyncClient,
) -> None:
    response = await client.get("/crashes")

    assert response.status_code == 500
    assert response.json()["facts"]["error"]
    assert "canary" not in response.text
    assert response.headers["x-frame-options"] == "DENY"


async def test_the_log_has_the_route_but_nothing_that_could_be_a_secret(
    client: httpx.AsyncClient,
) -> None:
    with capture_logs() as lines:
        await client.get("/fails/404?token=canary", headers={"cookie": "x=canary"})
        await client.post("/session", json=RIGHT | {"password": "canary"})
        await client.get("/canary")

    answered = [line for line in lines if line["event"] == "http.answered"]
    assert [(one["route"], one["status"]) for one in answered] == [
        ("/fails/{kind}", 404),
        ("/session", 401),
        (None, 404),
    ]
    assert "canary" not in str(lines)


async def test_a_real_server_keeps_its_connection_after_a_refused_body(
    edge: Edge,
) -> None:
    port = free_port()
    config = uvicorn.Config(edge.app, "127.0.0.1", port, log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(20):
            while not server.started:  # noqa: ASYNC110 - uvicorn has a flag, no event
                await asyncio.sleep(0.01)
            base_url = f"http://127.0.0.1:{port}"
            async with httpx.AsyncClient(base_url=base_url) as client:
                refused = await client.post("/small", content=b"x" * 3_000_000)
                healthy = await client.get("/health")
    finally:
        server.should_exit = True
        await serving

    assert (refused.status_code, healthy.status_code) == (413, 200)


async def test_half_an_answer_is_never_passed_off_as_a_whole_one(edge: Edge) -> None:
    transport = httpx.ASGITransport(edge.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        with pytest.raises(RuntimeError):
            await client.get("/breaks-off")


@pytest.mark.parametrize("path", ["/health", "/nowhere", "/crashes", "/session"])
async def test_every_response_carries_what_browsers_must_know(
    client: httpx.AsyncClient, path: str
) -> None:
    headers = (await client.get(path)).headers

    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "connect-src 'self' https://uploads.example:9000;" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert len(headers["x-request-id"]) == 26


@pytest.mark.parametrize(
    ("path", "size", "answer"),
    [("/small", 10, 200), ("/small", 11, 413), ("/small/not", 11_000_000, 200)],
)
async def test_a_body_may_be_as_large_as_its_address_takes(
    client: httpx.AsyncClient, path: str, size: int, answer: int
) -> None:
    async def chunks() -> Any:
        for start in range(0, size, 1_000_000):
            yield b"x" * min(1_000_000, size - start)

    assert (await client.post(path, content=b"x" * size)).status_code == answer
    assert (await client.post(path, content=chunks())).status_code == answer


async def test_health_and_the_published_keys_need_no_credentials(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get("/health")).status_code == 200
    found = (await client.get("/.well-known/openid-configuration")).json()
    assert found["issuer"] == SITE.base_url
    keys = (await client.get(found["jwks_uri"])).json()["keys"]
    assert [key["use"] for key in keys] == ["sig"]
    assert "d" not in keys[0]


async def test_the_probes_follow_the_life_of_the_process() -> None:
    condition = Condition()
    transport = httpx.ASGITransport(instrumentation_app(condition))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:

        async def probes() -> tuple[int, int]:
            ready = await client.get("/readiness")
            started = await client.get("/startup")
            return ready.status_code, started.status_code

        assert await probes() == (503, 503)
        condition.started = True
        assert await probes() == (200, 200)
        condition.stopping = True
        assert await probes() == (503, 200)


PAGES = [
    "/",
    "/admin-login",
    "/apikeytoken",
    "/stacks",
    "/stack/net",
    "/stack/net/run/01",
    "/module/x",
    "/module/x/run/01",
    "/spaces",
    "/spaces/root",
    "/settings",
    "/settings/keys",
    "/you",
]


async def test_every_address_of_a_page_serves_the_application(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<p>page")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / "assets" / "app-1a2b.js").write_text("run()")
    (tmp_path.parent / "secret").write_text("canary")
    async with Edge(database, page=tmp_path).client() as client:
        for path in PAGES:
            response = await client.get(path)
            assert (response.status_code, response.text) == (200, "<p>page")
            assert response.headers["cache-control"] == "no-cache"
        script = await client.get("/assets/app-1a2b.js")
        assert "immutable" in script.headers["cache-control"]
        assert (await client.get("/favicon.svg")).status_code == 200
        for path in ("/assets/no.js", "/assets/%2e%2e/%2e%2e/secret", "/nowhere"):
            assert (await client.get(path)).status_code == 404


async def test_an_application_that_was_not_built_is_said_to_be_missing(
    client: httpx.AsyncClient,
) -> None:
    response = await client.get("/admin-login")

    assert response.status_code == 503
    assert "was not built" in response.text
