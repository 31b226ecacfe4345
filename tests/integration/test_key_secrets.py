"""What opens an API key, and what does not any more."""

import pytest
from tests.support.edge import Edge

from stackyard.adapters.postgres import Database
from stackyard.identity import CredentialsError, SignInCount, TooManyTriesError
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import ApiKeyId


@pytest.fixture
async def edge(database: Database) -> Edge:
    edge = Edge(database)
    await edge.prepare()
    return edge


async def test_after_a_rotation_only_the_new_secrets_open_it(edge: Edge) -> None:
    async with edge.unit() as unit:
        made = await unit.api_keys.create(name="ci", admin=True, by=SYSTEM)
    old = (made.secret or "", made.registry_token or "")
    issued = await edge.exchange(made.key.id, old[0])
    assert issued is not None
    for token in (issued.jwt, old[1]):
        assert (await edge.authenticator.bearer(token)).admin

    async with edge.unit() as unit:
        rotated = await unit.api_keys.rotate(made.key.id, by=SYSTEM)

    for token in (issued.jwt, old[1]):
        with pytest.raises(CredentialsError):
            await edge.authenticator.bearer(token)
    assert await edge.exchange(made.key.id, old[0]) is None
    assert await edge.exchange(made.key.id, rotated.secret or "")
    assert (await edge.authenticator.bearer(rotated.registry_token or "")).admin


async def test_a_secret_cannot_be_guessed_one_after_the_other(edge: Edge) -> None:
    key, secret = await edge.key()
    for number in range(SignInCount.LIMIT):
        assert await edge.exchange(key.id, f"guess {number}") is None

    with pytest.raises(TooManyTriesError):
        await edge.exchange(key.id, secret)
    edge.clock.advance(SignInCount.WINDOW.total_seconds())
    assert await edge.exchange(key.id, secret)


async def test_an_address_cannot_try_one_key_after_the_other(edge: Edge) -> None:
    _, secret = await edge.key()
    for number in range(SignInCount.LIMIT_OF_ADDRESS):
        assert await edge.exchange(f"01KEY{number}", "x") is None

    with pytest.raises(TooManyTriesError):
        await edge.exchange(ApiKeyId("another"), secret)
