from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.support.broker import House, running_house
from tests.support.identity_providers import (
    IdentityProvider,
    oidc_provider,
    saml_provider,
)
from tests.support.oidc import HOME, Office
from tests.support.saml import ACS, ENTITY, Desk


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


@pytest.fixture(scope="module")
def saml_running() -> Iterator[IdentityProvider]:
    with saml_provider(ACS, ENTITY) as provider:
        yield provider


@pytest.fixture
async def desk(saml_running: IdentityProvider) -> AsyncIterator[Desk]:
    await saml_running.quirks()
    yield Desk.opened(saml_running)
    await saml_running.quirks()
