"""API keys that a real identity provider's tokens open, in place of a secret."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.edge import Edge
from tests.support.identity_providers import IdentityProvider, oidc_provider

from stackyard.adapters.federation import IdTokens, Providers
from stackyard.adapters.outbound import GuardedHttp
from stackyard.adapters.postgres import Database
from stackyard.identity import ApiKey, IssuedBy
from stackyard.kernel.access import SYSTEM, Level
from stackyard.kernel.clock import system_clock
from stackyard.kernel.errors import UnauthorizedError
from stackyard.kernel.ids import LEGACY
from stackyard.spaces import Holder, HolderKind

AUDIENCE = "https://stackyard.test"
SUBJECT = "repo:acme/infra:ref:refs/heads/main"


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with oidc_provider("https://unused.example/") as provider:
        yield provider


@pytest.fixture
async def edge(database: Database, provider: IdentityProvider) -> Edge:
    http = GuardedHttp.guard(
        allowed_networks=["127.0.0.0/8"], tls=provider.tls.trusted()
    )
    edge = Edge(database, foreign_tokens=IdTokens(Providers(http, system_clock)))
    edge.clock.now = system_clock()
    await edge.prepare()
    return edge


async def a_key(edge: Edge, provider: IdentityProvider, subject: str) -> ApiKey:
    async with edge.unit() as unit:
        new = await unit.api_keys.create(
            name="ci",
            admin=False,
            oidc=IssuedBy(provider.base, AUDIENCE, subject),
            claim_mapping=[{"name": "teams", "value": "groups"}],
            by=SYSTEM,
        )
    assert (new.secret, new.registry_token) == (None, None)
    return new.key


async def minted(edge: Edge, provider: IdentityProvider, **others: Any) -> str:
    now = int(edge.clock().timestamp())
    claims = {
        "iss": provider.base,
        "aud": AUDIENCE,
        "sub": SUBJECT,
        "iat": now,
        "exp": now + 300,
        "teams": ["ops"],
    }
    return await provider.mint(claims | others)


async def test_a_token_of_the_provider_opens_the_key_with_its_groups(
    edge: Edge, provider: IdentityProvider
) -> None:
    key = await a_key(edge, provider, "^repo:acme/.*$")
    async with edge.unit() as unit:
        group = await unit.groups.create(name="ops", description=None, by=SYSTEM)
        holder = Holder(HolderKind.GROUP, group.id)
        await unit.bindings.set_rules(holder, {LEGACY: Level.WRITE}, by=SYSTEM)

    issued = await edge.exchange(key.id, await minted(edge, provider))

    assert issued is not None
    subject = await edge.authenticator.bearer(issued.jwt)
    assert subject.groups == {"ops"}
    async with edge.unit() as unit:
        levels = await unit.spaces.levels([LEGACY], by=subject)
        assert levels == {LEGACY: Level.WRITE}
        await unit.api_keys.update(key.id, claim_mapping=[], by=SYSTEM)
    with pytest.raises(UnauthorizedError):
        await edge.authenticator.bearer(issued.jwt)


@pytest.mark.parametrize(
    ("subject", "others"),
    [
        ("repo:acme/infra", {}),  # a part of the subject is not enough
        ("ref:refs/heads/main", {}),
        ("^repo:acme/.*$", {"sub": f"x{SUBJECT}"}),
        ("^repo:acme/.*$", {"sub": None}),
        ("^repo:acme/.*$", {"aud": "somebody else"}),
        ("^repo:acme/.*$", {"iss": "https://evil.example"}),
    ],
)
async def test_a_token_for_somebody_else_does_not(
    edge: Edge, provider: IdentityProvider, subject: str, others: dict[str, Any]
) -> None:
    key = await a_key(edge, provider, subject)
    token = await minted(edge, provider, **others)

    with pytest.raises(UnauthorizedError):
        await edge.exchange(key.id, token)


async def test_such_a_key_has_no_secret_to_sign_in_with(
    edge: Edge, provider: IdentityProvider
) -> None:
    key = await a_key(edge, provider, ".*")
    with pytest.raises(UnauthorizedError):
        await edge.authenticator.basic(key.id, "")
    with pytest.raises(UnauthorizedError):
        await edge.authenticator.bearer(f"sy_{key.id}_")
