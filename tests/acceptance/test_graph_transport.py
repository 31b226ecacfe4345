import asyncio
import re
from typing import Any, cast

import pytest
from graphql import get_introspection_query
from structlog.testing import capture_logs
from tests.support.edge import ADMIN, NOTHING, SITE, Edge

from stackyard.adapters.postgres import Database
from stackyard.graphql.execution import Graph
from stackyard.graphql.schema import build_schema
from stackyard.http.app import BODY_LIMIT
from stackyard.kernel.caller import Caller

LOGIN = (
    "mutation($id:ID!$secret:String!)"
    "{apiKeyUser(id:$id,secret:$secret){id jwt validUntil}}"
)
CREATE = (
    "mutation($input:ApiKeyInput!)"
    "{apiKeyCreate(input:$input){id secret name admin type}}"
)
Answer = dict[str, Any]


@pytest.fixture
async def edge(database: Database) -> Edge:
    edge = Edge(database)
    await edge.prepare()
    return edge


async def ask(
    edge: Edge,
    query: str,
    *,
    headers: dict[str, str] | None = None,
    **more: object,
) -> Answer:
    async with edge.client() as client:
        response = await client.post(
            "/graphql", json={"query": query} | more, headers=headers or {}
        )
    assert response.status_code == 200
    return cast("Answer", response.json())


async def test_a_key_signs_in_and_its_token_opens_the_graph(edge: Edge) -> None:
    key, secret = await edge.key()
    answer = await ask(edge, LOGIN, variables={"id": key.id, "secret": secret})
    user = answer["data"]["apiKeyUser"]
    assert (user["id"], set(answer)) == (key.id, {"data"})

    token = {"Authorization": f"Bearer {user['jwt']}"}
    answer = await ask(
        edge, "{ viewer { id name } spaces() { id accessLevel } }", headers=token
    )

    assert answer == {
        "data": {
            "viewer": {"id": key.id, "name": "ci"},
            "spaces": [
                {"id": "legacy", "accessLevel": "ADMIN"},
                {"id": "root", "accessLevel": "ADMIN"},
            ],
        }
    }


async def test_a_wrong_secret_is_null_and_no_error(edge: Edge) -> None:
    key, secret = await edge.key()

    for said in ({"id": key.id, "secret": "x"}, {"id": "nobody", "secret": secret}):
        answer = await ask(edge, LOGIN, variables=said)

        assert answer == {"data": {"apiKeyUser": None}}


@pytest.mark.parametrize(
    "query",
    [
        "{ spaces { id } }",
        "{ viewer { id } spaces { id } }",
        "{ ...F } fragment F on Query { spaces { id } }",
        "{ ... on Query { spaces { id } } }",
        "{ noSuchField }",
        "{ __schema { types { name } } }",
        '{ __type(name: "Space") { name } }',
        'mutation { apiKeyDelete(id: "x") { id } }',
        'mutation { debugInfo apiKeyDelete(id: "x") { id } }',
        "query A { viewer { id } } query B { spaces { id } }",
    ],
)
async def test_nobody_gets_nothing_and_learns_nothing(edge: Edge, query: str) -> None:
    answer = await ask(edge, query)

    assert answer["data"] is None
    assert "unauthorized" in answer["errors"][0]["message"]
    assert len(answer["errors"]) == 1


@pytest.mark.parametrize("token", ["", "garbage", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
async def test_a_bad_token_is_unauthorized_but_closes_no_open_door(
    edge: Edge, token: str
) -> None:
    headers = {"Authorization": f"Bearer {token}"}

    answer = await ask(edge, "{ spaces { id } }", headers=headers)
    assert "unauthorized" in answer["errors"][0]["message"]
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHORIZED"
    answer = await ask(
        edge, "{ viewer { id } debugInfo { selfHostedVersion } }", headers=headers
    )
    assert answer["data"]["viewer"] is None
    assert answer["data"]["debugInfo"]["selfHostedVersion"]


async def test_the_version_hides_no_command_of_the_command_line(edge: Edge) -> None:
    """It reads a semantic version, and offers what had come by then."""
    answer = await ask(edge, "query { debugInfo { selfHostedVersion } }")

    spoken, _, own = answer["data"]["debugInfo"]["selfHostedVersion"].partition("+")
    assert tuple(int(number) for number in spoken.split(".")) >= (6, 0, 0)
    assert re.fullmatch(r"stackyard\.[0-9A-Za-z.-]+", own)


async def test_what_does_not_exist_is_null_in_a_query(edge: Edge) -> None:
    query = '{ space(id: "nowhere") { id } apiKey(id: "none") { id } }'

    answer = await ask(edge, query, headers=await edge.bearer())
    assert answer == {"data": {"space": None, "apiKey": None}}
    answer = await ask(
        edge, '{ space(id: "root") { id } }', headers=await edge.bearer(admin=False)
    )
    assert answer == {"data": {"space": None}}


async def test_who_may_not_hears_the_word_that_clients_look_for(edge: Edge) -> None:
    guest = await edge.bearer(admin=False)

    answer = await ask(edge, "{ accountSettings { securityEmail } }", headers=guest)

    assert "unauthorized" in answer["errors"][0]["message"]
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_new_keys_secret_is_shown_once(edge: Edge) -> None:
    admin = await edge.bearer()
    wanted = {"admin": False, "name": "robot", "teams": None, "oidc": None}
    answer = await ask(edge, CREATE, headers=admin, variables={"input": wanted})
    made = answer["data"]["apiKeyCreate"]
    assert made["secret"]

    query = f'{{ apiKey(id: "{made["id"]}") {{ name secret deleted lastUsedAt }} }}'
    answer = await ask(edge, query, headers=admin)

    assert answer["data"]["apiKey"] == {
        "name": "robot",
        "secret": None,
        "deleted": False,
        "lastUsedAt": None,
    }


async def test_a_new_keys_file_has_what_terraform_signs_in_with(edge: Edge) -> None:
    query = """mutation ($input: ApiKeyInput!) { apiKeyCreate(input: $input) {
      id secret credentialsFile } }"""
    wanted = {"admin": False, "name": "robot"}
    admin = await edge.bearer()
    answer = await ask(edge, query, headers=admin, variables={"input": wanted})
    made = answer["data"]["apiKeyCreate"]

    comment, secret, *_ = made["credentialsFile"].splitlines()
    assert (comment[0], secret) == ("#", made["secret"])
    block = f'credentials "{SITE.host}" {{\n  token = "'
    token = made["credentialsFile"].partition(block)[2].partition('"')[0]
    assert (await edge.authenticator.bearer(token)).id == made["id"]

    read = f'{{ apiKey(id: "{made["id"]}") {{ credentialsFile }} }}'
    answer = await ask(edge, read, headers=admin)
    assert answer["data"]["apiKey"] == {"credentialsFile": None}


@pytest.mark.parametrize(
    "more",
    [
        {"teams": [""]},
        {"oidc": {"issuer": "", "clientId": "c", "subjectExpression": "x"}},
        {"oidc": {"issuer": "i", "clientId": " ", "subjectExpression": "x"}},
        {"oidc": {"issuer": "i", "clientId": "c", "subjectExpression": "("}},
    ],
)
async def test_a_key_that_we_cannot_keep_our_word_about_is_not_made(
    edge: Edge, more: dict[str, object]
) -> None:
    wanted = {"admin": False, "name": "robot"} | more

    answer = await ask(
        edge, CREATE, headers=await edge.bearer(), variables={"input": wanted}
    )

    assert answer["errors"][0]["extensions"]["code"] == "INVALID"


async def test_introspection_is_open_to_any_key(edge: Edge) -> None:
    answer = await ask(
        edge, get_introspection_query(), headers=await edge.bearer(admin=False)
    )

    assert answer["data"]["__schema"]["types"]


ADD = 'mutation($config:ConfigInput!){stackConfigAdd(stack:"net",config:$config){id}}'
SET = {"id": "A", "type": "ENVIRONMENT_VARIABLE", "writeOnly": True}


@pytest.mark.parametrize(
    ("query", "config", "named"),
    [
        (ADD, SET | {"value": "canary", "more": 1}, "more"),
        (ADD, SET | {"value": ["canary"]}, "config"),
        (ADD, {"id": "A", "value": "canary"}, "type"),
        (ADD, "canary", "config"),
        (
            'mutation{stackConfigAdd(stack:"net",config:{value:"canary"}){id}}',
            None,
            "type",
        ),
        ('mutation{stackConfigAdd(stack:"net",config:"canary"){id}}', None, "Config"),
    ],
)
async def test_what_was_sent_is_not_in_the_error_about_it(
    edge: Edge, query: str, config: Any, named: str
) -> None:
    """It may be a secret, and clients print errors where everybody reads them."""
    answer = await ask(
        edge, query, headers=await edge.bearer(), variables={"config": config}
    )

    assert named in answer["errors"][0]["message"]
    assert "canary" not in str(answer)


async def test_named_operations_are_chosen_by_their_name(edge: Edge) -> None:
    both = "query A { name } query B { tier }"
    headers = await edge.bearer()

    answer = await ask(edge, both, headers=headers, operationName="B")
    assert answer == {"data": {"tier": "SELF_HOSTED"}}
    answer = await ask(edge, "query C { name }", headers=headers, operationName="")
    assert answer == {"data": {"name": "acme"}}
    answer = await ask(edge, both, headers=headers)
    assert "operation" in answer["errors"][0]["message"].lower()


async def test_a_malformed_query_says_where(edge: Edge) -> None:
    answer = await ask(edge, "{ spaces() { ", headers=await edge.bearer())

    assert answer["data"] is None
    assert answer["errors"][0]["message"].startswith("Syntax Error")
    assert answer["errors"][0]["locations"] == [{"line": 1, "column": 14}]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"query": 7}',
        b'{"query": "{ name }", "variables": []}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"query": "{ name }", "variables": {"x": "a\\u0000b"}}',
        b'{"query": "{ space(id: \\"\\\\u0000\\") { id } }"}',
        b'{"query": "{ savedFilter(id: \\"\\\\u{0}\\") { id } }"}',
        b'{"query": "{ savedFilter(id: \\"\\\\u\\u007b00}\\") { id } }"}',
        b'{"query": "{ space(id: \\"\\\\u{0}\\") { id } }"}',
        b'{"query": "{ name }", "variables": {"x": "a\\ud800"}}',
        b'{"query": "{ name }", "variables": {"x": %b"\\u0000"%b}}'
        % (b"[" * 900, b"]" * 900),
    ],
)
async def test_a_body_that_is_no_question_is_answered_all_the_same(
    edge: Edge, body: bytes
) -> None:
    async with edge.client() as client:
        response = await client.post(
            "/graphql", content=body, headers=await edge.bearer()
        )

    assert response.status_code == 200
    assert response.json()["data"] is None
    assert response.json()["errors"][0]["extensions"]["code"] == "INVALID"


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_body_that_is_too_large_is_refused(edge: Edge, streamed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    async def chunks() -> Any:
        for _ in range(12):
            yield b" " * (BODY_LIMIT // 10)

    content = chunks() if streamed else b" " * (BODY_LIMIT + 1)
    async with edge.client() as client:
        response = await client.post("/graphql", content=content)

    assert response.status_code == 200
    assert "larger" in response.json()["errors"][0]["message"]


async def test_a_bug_is_a_number_in_the_log_and_nothing_else(
    edge: Edge,
) -> None:
    def broken() -> Any:
        raise RuntimeError("password=canary")

    graph = Graph(build_schema(), broken, NOTHING)

    subject = await subject_of(edge)
    with capture_logs() as lines:
        answer = await graph.answer("{ spaces { id } }", caller=Caller(subject))

    [error], [line] = answer["errors"], lines
    assert error["message"] == "Something went wrong here."
    assert error["extensions"]["facts"]["error"] == line["error_id"]
    assert "canary" not in str(answer)


async def subject_of(edge: Edge) -> Any:
    headers = await edge.bearer()
    return await edge.authenticator.bearer(headers["authorization"].split()[1])


async def test_a_request_that_takes_too_long_is_given_up(edge: Edge) -> None:
    class Stuck:
        async def __aenter__(self) -> Any:
            await asyncio.sleep(60)

        async def __aexit__(self, *error: object) -> None:
            pass

    graph = Graph(build_schema(), Stuck, NOTHING, seconds=0.01)

    answer = await graph.answer(
        "{ spaces { id } }", caller=Caller(await subject_of(edge))
    )

    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"


async def test_while_the_database_is_away_the_graph_says_so(edge: Edge) -> None:
    headers = await edge.bearer()
    away = Edge(Database.connect("postgresql://postgres@127.0.0.1:1/none"))

    answer = await ask(away, "{ spaces { id } }", headers=headers)

    assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    await away.database.close()


async def test_a_session_asks_the_graph_only_from_our_own_pages(edge: Edge) -> None:
    async with edge.client() as client:
        await client.post(
            "/session", json={"username": ADMIN.username, "password": ADMIN.password}
        )

        async def errors(**headers: str) -> object:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            answer = await client.post(
                "/graphql", json={"query": "{ name }"}, headers=named
            )
            assert answer.status_code == 200
            return answer.json().get("errors")

        assert await errors(x_stackyard_csrf="1") is None
        assert await errors(x_stackyard_csrf="1", origin=SITE.base_url) is None
        refused = [
            await errors(),
            await errors(x_stackyard_csrf="0"),
            await errors(origin=SITE.base_url),
            await errors(x_stackyard_csrf="1", origin="https://evil.example"),
            await errors(x_stackyard_csrf="1", origin="null"),
            await errors(x_stackyard_csrf="1", origin=f"{SITE.base_url}.evil.example"),
        ]
    assert all("unauthorized" in str(one) for one in refused)
