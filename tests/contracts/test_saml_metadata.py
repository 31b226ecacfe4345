"""What a SAML provider publishes: its keys, and what may be wrong with it."""

from dataclasses import replace

import pytest
from tests.support.identity_providers import IdentityProvider
from tests.support.saml import (
    Desk,
)

from stackyard.kernel.federation import (
    ProviderMetadataError,
    SamlResponseError,
)
from stackyard.kernel.outbound import RemoteRefusedError


async def test_a_provider_that_changes_its_key_is_asked_once(desk: Desk) -> None:
    await desk.person()
    desk.clock.advance(120)
    await desk.provider.quirks(**{"with": "second"}, publish=["second"])

    assert (await desk.person()).login == "ada@example.com"
    assert (await desk.person()).login == "ada@example.com"
    assert (await desk.provider.calls())["/metadata"] == 1


async def test_one_of_two_published_keys_is_enough(desk: Desk) -> None:
    await desk.provider.quirks(**{"with": "second"}, publish=["first", "second"])

    assert (await desk.person()).login == "ada@example.com"


async def test_forgeries_do_not_make_us_ask_again_and_again(desk: Desk) -> None:
    await desk.person()
    desk.clock.advance(120)
    await desk.provider.quirks(**{"with": "second"})

    for _ in range(3):
        await desk.refused(SamlResponseError, "signature is wrong")
    assert (await desk.provider.calls())["/metadata"] == 1


# what an administrator may have got wrong


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("HTTP-Redirect", "HTTP-POST", "HTTP-Redirect"),
        ('use="signing"', 'use="encryption"', "no certificate for signing"),
        ("MII", "MIA", "cannot be read"),
        ('Location="https', 'Location="http', "https URL"),
        ("entityID=", "ID=", "no entityID"),
        ("IDPSSODescriptor", "SPSSODescriptor", "describes 0"),
        ("<md:Ent", "<!DOCTYPE a [<!ENTITY b 'c'>]><md:Ent", "no sound XML"),
        ("<md:Ent", "<", "no sound XML"),
    ],
)
async def test_metadata_that_cannot_be_used_says_what_is_wrong(
    desk: Desk, old: str, new: str, why: str
) -> None:
    async with desk.provider.client() as client:
        xml = (await client.get("/metadata")).text
    assert old in xml
    desk.settings = replace(desk.settings, metadata=xml.replace(old, new))

    with pytest.raises(ProviderMetadataError, match=why):
        await desk.begin()


async def test_metadata_of_several_providers_is_not_guessed_at(desk: Desk) -> None:
    async with desk.provider.client() as client:
        xml = (await client.get("/metadata")).text
    both = (
        f'<md:All xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">{xml}{xml}</md:All>'
    )
    desk.settings = replace(desk.settings, metadata=both)

    with pytest.raises(ProviderMetadataError, match="describes 2"):
        await desk.begin()


async def test_an_address_without_metadata_says_so(desk: Desk) -> None:
    desk.settings = replace(desk.settings, metadata=f"{desk.provider.base}/nothing")

    with pytest.raises(ProviderMetadataError, match="404"):
        await desk.begin()


async def test_no_address_of_ours_is_called_on_the_word_of_an_administrator(
    saml_running: IdentityProvider,
) -> None:
    with pytest.raises(RemoteRefusedError):
        await Desk.opened(saml_running, "192.0.2.0/24").begin()
