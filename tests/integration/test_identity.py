import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from tests.support.edge import ADMIN, SITE, Edge

from stackyard.adapters.postgres import Database
from stackyard.identity import (
    AccountAdminOnlyError,
    AdminCredentials,
    ApiKeyNameError,
    CredentialsError,
    Opened,
    Outcome,
    Passport,
    RunEndedError,
    RunFacts,
    Session,
    SignInCount,
)
from stackyard.identity.errors import SignOnSecretError
from stackyard.kernel.access import SYSTEM, Subject, SubjectKind
from stackyard.kernel.caller import Place
from stackyard.kernel.errors import ForbiddenError, UnauthorizedError
from stackyard.kernel.federation import OidcSettings
from stackyard.kernel.ids import ROOT, ApiKeyId, LegId, RunId, SpaceId, StackId
from stackyard.kernel.site import Site
from stackyard.kernel.tokens import TokenError

WRONG = "wrong"
PASSPORT = Passport(LegId("l"), StackId("net"), ROOT, administrative=False)
GUEST = Subject(SubjectKind.API_KEY, "k", "ci")


@pytest.fixture
async def edge(database: Database) -> Edge:
    edge = Edge(database)
    await edge.prepare()
    return edge


async def sign_in(edge: Edge, *, address: str = "192.0.2.1", **changes: str) -> object:
    said = {"username": ADMIN.username, "password": ADMIN.password} | changes
    return await edge.doors.sign_in.by_password(
        username=said["username"], password=said["password"], place=Place(address)
    )


async def test_a_key_is_exchanged_for_exactly_the_claims_that_clients_read(
    edge: Edge,
) -> None:
    key, secret = await edge.key()
    issued = await edge.exchange(key.id, secret)

    assert issued is not None
    now = int(edge.clock().timestamp())
    assert edge.tokens.verify(
        issued.jwt, audience=SITE.base_url, issuers={"api-key"}
    ) == {
        "aud": SITE.base_url,
        "exp": now + 36_000,
        "gen": 0,
        "iat": now,
        "iss": "api-key",
        "nbf": now,
        "sub": key.id,
    }
    assert issued.valid_until == now + 36_000


async def test_an_unknown_key_and_a_wrong_secret_give_the_same_nothing(
    edge: Edge,
) -> None:
    key, secret = await edge.key()
    for key_id, said in [(key.id, "wrong"), ("nope", secret), ("\0", secret)]:
        assert await edge.exchange(key_id, said) is None


async def test_a_secret_is_nowhere_in_the_database(edge: Edge) -> None:
    _, secret = await edge.key()
    opened = await sign_in(edge)
    assert isinstance(opened, Opened)

    async with edge.database.transaction() as session:
        for table in ("api_keys", "sessions", "sign_in_counts"):
            rows = await session.scalars(text(f"SELECT t::text FROM {table} t"))
            said = "".join(rows.all())
            for hidden in (secret, opened.token, ADMIN.password):
                assert hidden not in said
                assert hidden.encode().hex() not in said


async def test_tokens_of_a_deleted_key_stop_at_once(edge: Edge) -> None:
    key, secret = await edge.key()
    issued = await edge.exchange(key.id, secret)
    assert issued is not None
    subject = await edge.authenticator.bearer(issued.jwt)
    assert (subject.id, subject.admin) == (key.id, True)

    async with edge.unit() as unit:
        assert await unit.api_keys.delete(key.id, by=SYSTEM) is not None
    async with edge.unit() as unit:
        assert await unit.api_keys.delete(key.id, by=SYSTEM) is None
        assert await unit.api_keys.find(key.id, by=SYSTEM) is None
        assert await unit.api_keys.all(by=SYSTEM) == []

    with pytest.raises(CredentialsError):
        await edge.authenticator.bearer(issued.jwt)
    with pytest.raises(CredentialsError):
        await edge.authenticator.basic(key.id, secret)


async def test_the_last_use_is_written_at_most_once_a_minute(edge: Edge) -> None:
    key, secret = await edge.key()

    async def used_after(seconds: float) -> float:
        edge.clock.advance(seconds)
        await edge.authenticator.basic(key.id, secret)
        async with edge.unit() as unit:
            found = await unit.api_keys.find(key.id, by=SYSTEM)
        assert found is not None
        assert found.last_used_at is not None
        return (edge.clock() - found.last_used_at).total_seconds()

    assert await used_after(0) == 0
    assert await used_after(59) == 59
    assert await used_after(1) == 0


async def test_only_administrators_handle_keys(edge: Edge) -> None:
    async with edge.unit() as unit:
        keys = unit.api_keys
        for call in (
            keys.create(name="mine", admin=True, by=GUEST),
            keys.delete(ApiKeyId("x"), by=GUEST),
        ):
            with pytest.raises(AccountAdminOnlyError):
                await call
        with pytest.raises(ForbiddenError):
            await keys.forget_old(by=GUEST)
        made = await keys.create(name="theirs", admin=False, by=SYSTEM)
        assert await keys.all(by=GUEST) == []
        assert await keys.find(made.key.id, by=GUEST) is None


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "two\nlines", "nul\0"])
async def test_a_key_needs_a_name_that_can_be_read(edge: Edge, name: str) -> None:
    async with edge.unit() as unit:
        with pytest.raises(ApiKeyNameError):
            await unit.api_keys.create(name=name, admin=False, by=SYSTEM)


async def test_a_run_is_known_by_its_token_for_as_long_as_it_goes(edge: Edge) -> None:
    edge.active_runs["01RUN"] = PASSPORT
    async with edge.unit() as unit:
        token = unit.run_tokens.issue(
            stack_id=StackId("net"),
            run_id=RunId("01RUN"),
            leg_id=PASSPORT.leg_id,
            seconds=60,
        )

    assert await edge.authenticator.bearer(token) == Subject(
        SubjectKind.RUN, "net/01RUN", "net/01RUN", stack_id=StackId("net")
    )
    assert await edge.authenticator.basic("anyone", token)
    edge.active_runs["01RUN"] = replace(PASSPORT, leg_id=LegId("another"))
    with pytest.raises(RunEndedError):
        await edge.authenticator.bearer(token)
    edge.active_runs["01RUN"] = replace(PASSPORT, stack_id=StackId("other"))
    with pytest.raises(TokenError):
        await edge.authenticator.bearer(token)
    edge.active_runs.clear()
    with pytest.raises(RunEndedError):
        await edge.authenticator.bearer(token)
    edge.active_runs["01RUN"] = PASSPORT
    edge.clock.advance(66)
    with pytest.raises(TokenError):
        await edge.authenticator.bearer(token)


async def test_a_clouds_token_says_what_roles_are_tied_to_and_opens_nothing_here(
    edge: Edge,
) -> None:
    edge.active_runs["01RUN"] = PASSPORT
    facts = RunFacts(
        StackId("net"), SpaceId("root"), RunId("01RUN"), "TRACKED", "write"
    )
    async with edge.unit() as unit:
        token = unit.run_tokens.federate(facts)

    claims = edge.tokens.verify(
        token, audience="stackyard.test", issuers=[SITE.base_url]
    )

    now = int(edge.clock().timestamp())
    assert len(claims.pop("jti")) == 26
    assert claims == {
        "aud": "stackyard.test",
        "callerId": "net",
        "callerType": "stack",
        "exp": now + 3600,
        "iat": now,
        "iss": "http://stackyard.test",
        "nbf": now,
        "runId": "01RUN",
        "runType": "TRACKED",
        "scope": "write",
        "spaceId": "root",
        "sub": "space:root:stack:net:run_type:TRACKED:scope:write",
    }
    of_module = replace(facts, is_module=True)
    assert of_module.subject == "space:root:module:net:run_type:TRACKED:scope:write"
    assert of_module.caller_type == "module"
    with pytest.raises(TokenError):
        await edge.authenticator.bearer(token)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((), ("http://here", "http://here/.well-known/jwks")),
        (("https://x",), ("https://x", "https://x/.well-known/jwks")),
        (("https://x", "https://y/k"), ("https://x", "https://y/k")),
    ],
)
def test_keys_may_be_published_elsewhere(
    given: tuple[str, ...], expected: tuple[str, str]
) -> None:
    site = Site("http://here", "acme", *given)
    assert (site.issuer, site.jwks_uri) == expected


@pytest.mark.parametrize("subject", ["net", "/01RUN", "net/", "", None, 7])
async def test_a_run_token_names_a_stack_and_a_run(edge: Edge, subject: object) -> None:
    edge.active_runs |= dict.fromkeys(["01RUN", "", "net"], PASSPORT)
    now = int(edge.clock().timestamp())
    said = {
        "aud": SITE.base_url,
        "exp": now + 9,
        "iss": "spacelift",
        "jti": "l",
        "sub": subject,
    }

    with pytest.raises(UnauthorizedError):
        await edge.authenticator.bearer(edge.tokens.sign(said))


async def test_a_session_lasts_while_it_is_used_but_not_for_ever(edge: Edge) -> None:
    opened = await sign_in(edge)
    assert isinstance(opened, Opened)
    began = edge.clock()
    while edge.clock() - began < Session.LONGEST - timedelta(hours=11):
        assert await edge.sessions.find(opened.token) == opened.subject
        edge.clock.advance(11 * 3600)
    edge.clock.advance(11 * 3600)

    assert await edge.sessions.find(opened.token) is None


async def test_an_idle_session_ends(edge: Edge) -> None:
    opened = await sign_in(edge)
    assert isinstance(opened, Opened)
    edge.clock.advance(12 * 3600)

    assert await edge.sessions.find(opened.token) is None


async def test_new_credentials_end_the_sessions_of_the_old(edge: Edge) -> None:
    opened = await sign_in(edge)
    assert isinstance(opened, Opened)

    for admin in (AdminCredentials("ada", "another"), None):
        restarted = Edge(edge.database, admin=admin)
        assert await restarted.sessions.find(opened.token) is None


async def test_too_many_tries_from_one_address_are_refused_even_if_right(
    edge: Edge,
) -> None:
    for _ in range(SignInCount.LIMIT):
        assert await sign_in(edge, password=WRONG) is Outcome.REFUSED

    assert await sign_in(edge) is Outcome.TOO_MANY_TRIES
    assert isinstance(await sign_in(edge, address="192.0.2.2"), Opened)
    edge.clock.advance(SignInCount.WINDOW.total_seconds())
    assert isinstance(await sign_in(edge), Opened)


async def test_tries_that_come_at_once_are_all_counted(edge: Edge) -> None:
    outcomes = await asyncio.gather(
        *(sign_in(edge, password=f"guess {number}") for number in range(30))
    )

    assert outcomes.count(Outcome.REFUSED) == SignInCount.LIMIT
    assert outcomes.count(Outcome.TOO_MANY_TRIES) == 30 - SignInCount.LIMIT


async def test_a_customers_ipv6_network_is_one_address(edge: Edge) -> None:
    outcomes = [
        await sign_in(edge, password=WRONG, address=f"2001:db8::{number}")
        for number in range(SignInCount.LIMIT + 1)
    ]

    assert outcomes[-1] is Outcome.TOO_MANY_TRIES


async def test_without_an_administrator_there_is_no_sign_in(edge: Edge) -> None:
    assert await sign_in(Edge(edge.database, admin=None)) is Outcome.REFUSED


async def test_what_is_over_is_removed(edge: Edge) -> None:
    key, _ = await edge.key()
    await edge.key()
    await sign_in(edge)
    await sign_in(edge, username="eve")
    async with edge.unit() as unit:
        await unit.api_keys.delete(key.id, by=SYSTEM)
    async with edge.unit() as unit:
        assert await unit.api_keys.forget_old(by=SYSTEM) == 0

    edge.clock.advance(31 * 24 * 3600)

    async with edge.unit() as unit:
        assert await unit.api_keys.forget_old(by=SYSTEM) == 6
        assert len(await unit.api_keys.all(by=SYSTEM)) == 1


async def test_a_client_secret_is_kept_for_its_own_issuer_only(edge: Edge) -> None:
    """Else whoever names another would have it sent there."""
    known = OidcSettings("https://id.example", "client", "s3cret", "groups")
    async with edge.unit() as unit:
        await unit.sign_ons.try_out(known, by=SYSTEM)
        kept = await unit.sign_ons.try_out(replace(known, client_secret=""), by=SYSTEM)
        assert kept.trial == known
        away = replace(known, issuer="https://elsewhere.example", client_secret="")
        with pytest.raises(SignOnSecretError):
            await unit.sign_ons.try_out(away, by=SYSTEM)
