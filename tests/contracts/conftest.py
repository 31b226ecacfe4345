from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.support.broker import House, running_house
from tests.support.identity_providers import IdentityProvider, oidc_provider
from tests.support.oidc import HOME, Office


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with running_house(tmp_path) as house:
        yield house


@pytest.fixture(scope="module")
def oidc_running() -> Iterator[IdentityProvider]:
    with oidc_provider(HOME) as provider:
        yield provider


@pytest.fixture
async def office(oidc_running: IdentityProvider) -> AsyncIterator[Office]:
    await oidc_running.quirks()
    yield Office.opened(oidc_running)
    await oidc_running.quirks()
