"""What an administrator, or a provider, may have got wrong."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.support.identity_providers import (
    IdentityProvider,
    oidc_provider,
)
from tests.support.oidc import DISCOVERY, HOME, Office

from stackyard.kernel.errors import StackyardError
from stackyard.kernel.federation import (
    ProviderMetadataError,
    ProviderSettingsError,
    ProviderUnavailableError,
)
from stackyard.kernel.outbound import RemoteRefusedError

ENTRA = "https://login.microsoftonline.com"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_the_secret_is_told_as_the_provider_wants_it(method: str) -> None:
    with oidc_provider(HOME, auth=method) as provider:
        office = Office.opened(provider)
        await provider.quirks(
            discovery={"token_endpoint_auth_methods_supported": [method]}
        )
        assert (await office.person()).login == "ada@example.com"

        office.settings = replace(office.settings, client_secret="wrong")  # noqa: S106
        await office.refused(ProviderSettingsError, "client secret is wrong")


async def test_a_provider_that_takes_no_secret_is_told_apart(office: Office) -> None:
    await office.provider.quirks(
        discovery={"token_endpoint_auth_methods_supported": ["private_key_jwt"]}
    )

    await office.refused(ProviderSettingsError, "takes no client secret")


@pytest.mark.parametrize(
    ("discovery", "hint"),
    [
        ({"issuer": "https://evil.example"}, "calls itself"),
        ({"issuer": f"{ENTRA}/{{tenantid}}/v2.0"}, "tenant"),
        ({"issuer": "https://sts.windows.net/one/"}, "/v2.0"),
        ({"issuer": None}, '"issuer"'),
        ({"jwks_uri": None}, '"jwks_uri"'),
        ({"jwks_uri": "http://127.0.0.1/keys"}, "https"),
        ({"authorization_endpoint": None}, '"authorization_endpoint"'),
        ({"authorization_endpoint": "javascript:alert(1)"}, "https"),
        ({"token_endpoint": "https://[broken"}, "https"),
    ],
)
async def test_metadata_that_cannot_be_used_says_what_is_wrong(
    office: Office, discovery: dict[str, Any], hint: str
) -> None:
    await office.provider.quirks(discovery=discovery)

    with pytest.raises(ProviderMetadataError, match=hint):
        await office.begin()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, ProviderMetadataError),
        (200, ProviderMetadataError),
        (503, ProviderUnavailableError),
        (429, ProviderUnavailableError),
    ],
)
async def test_a_provider_that_is_not_there_is_told_from_one_that_is_down(
    office: Office, status: int, kind: type[StackyardError]
) -> None:
    await office.provider.quirks(fail={DISCOVERY: status})
    with pytest.raises(kind):
        await office.begin()

    # it is not asked again at once, and is asked again soon
    await office.provider.quirks()
    with pytest.raises(kind):
        await office.begin()
    office.minutes_later(0.1)
    await office.begin()


@pytest.mark.parametrize(
    "issuer",
    ["", "stackyard", "http://127.0.0.1", "https://", "https://a b", "file:///etc"],
)
async def test_what_is_no_address_of_a_provider_is_refused(
    office: Office, issuer: str
) -> None:
    office.settings = replace(office.settings, issuer=issuer)

    with pytest.raises(ProviderMetadataError, match="https URL"):
        await office.begin()


async def test_no_address_of_ours_is_called_on_the_word_of_an_administrator(
    oidc_running: IdentityProvider,
) -> None:
    office = Office.opened(oidc_running, "192.0.2.0/24")

    with pytest.raises(RemoteRefusedError):
        await office.begin()


@pytest.mark.parametrize("path", ["/token", "/me"])
async def test_what_is_secret_does_not_follow_a_redirect(
    office: Office, path: str
) -> None:
    await office.provider.quirks(
        idToken={"groups": None}, redirect={path: f"{office.provider.base}/elsewhere"}
    )

    await office.refused(ProviderSettingsError, "307")
    assert "/elsewhere" not in await office.provider.calls()


@pytest.mark.parametrize("target", ["https://[", "https://127.0.0.1:99999/", "/é"])
async def test_a_redirect_to_what_is_no_address_is_no_crash(
    office: Office, target: str
) -> None:
    await office.provider.quirks(redirect={DISCOVERY: target})

    with pytest.raises((ProviderUnavailableError, ProviderMetadataError)):
        await office.begin()


async def test_many_who_sign_in_at_once_ask_the_provider_once(office: Office) -> None:
    begun = await asyncio.gather(*(office.begin() for _ in range(10)))

    assert len({one.state for one in begun}) == 10
    assert (await office.provider.calls())[DISCOVERY] == 1
