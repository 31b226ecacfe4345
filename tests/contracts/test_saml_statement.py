"""SAML assertions that are signed, and say it to others, or of another time."""

import copy
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree
from tests.support.saml import (
    ACS,
    ENTITY,
    NAMES,
    Desk,
    one,
    saying,
    setting,
    without,
)

from stackyard.kernel.federation import (
    NameMissingError,
    SamlResponseError,
    SignInRefusedError,
)

ASSERTION = "./saml:Assertion"
CONFIRMED = f"{ASSERTION}/saml:Subject/saml:SubjectConfirmation"
DATA = f"{CONFIRMED}/saml:SubjectConfirmationData"
CONDITIONS = f"{ASSERTION}/saml:Conditions"
NAME_ID = f"{ASSERTION}/saml:Subject/saml:NameID"


async def test_an_assertion_for_another_address_is_refused(desk: Desk) -> None:
    why = "not made for this address"
    for recipient in (
        "https://evil.example/saml/acs",
        f"{ACS}.evil.example",
        f"{ACS}/",
    ):
        await desk.provider.quirks(options={"recipient": recipient})
        with pytest.raises(SamlResponseError):
            await desk.person()

    await desk.provider.quirks()
    await desk.refused(
        SamlResponseError, why, setting(DATA, Recipient=None), desk.resign()
    )


@pytest.mark.parametrize("destination", [f"{ACS}/more", "https://evil.example", ""])
async def test_a_response_sent_to_another_address_is_refused(
    desk: Desk, destination: str
) -> None:
    await desk.refused(
        SamlResponseError, "sent to elsewhere", setting(".", Destination=destination)
    )


async def test_an_assertion_for_another_audience_is_refused(desk: Desk) -> None:
    for audience in ("https://evil.example", f"{ENTITY}/", ["a", "b"]):
        await desk.provider.quirks(options={"audience": audience})
        await desk.refused(SamlResponseError, "audience")

    await desk.provider.quirks(options={"audience": ["another", ENTITY]})
    assert (await desk.person()).login == "ada@example.com"


async def test_an_assertion_for_nobody_in_particular_is_refused(desk: Desk) -> None:
    audience = f"{CONDITIONS}/saml:AudienceRestriction"
    await desk.refused(
        SamlResponseError, "audience must be", without(audience), desk.resign()
    )


async def test_every_restriction_of_the_audience_counts(desk: Desk) -> None:
    def restrict(response: etree._Element) -> None:
        conditions = one(response, CONDITIONS)
        name = f"{{{NAMES['saml']}}}Audience"
        restriction = etree.SubElement(conditions, f"{name}Restriction")
        etree.SubElement(restriction, name).text = "another"

    await desk.refused(SamlResponseError, "audience must be", restrict, desk.resign())


@pytest.mark.parametrize(
    "change",
    [
        setting(DATA, InResponseTo=None),
        setting(DATA, InResponseTo="_another"),
        setting(DATA, NotOnOrAfter=None),
        setting(CONFIRMED, Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"),
        without(CONFIRMED),
    ],
)
async def test_an_assertion_that_is_not_confirmed_for_this_sign_in_is_refused(
    desk: Desk, change: object
) -> None:
    await desk.refused(SamlResponseError, None, change, desk.resign())  # type: ignore[arg-type]


async def test_what_confirms_otherwise_does_not_make_up_for_what_is_missing(
    desk: Desk,
) -> None:
    def vouch(response: Any) -> None:
        real = one(response, CONFIRMED)
        vouched = copy.deepcopy(real)
        vouched.set("Method", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches")
        real.addnext(vouched)
        del one(real, "./saml:SubjectConfirmationData").attrib["Recipient"]

    await desk.refused(SamlResponseError, "not made for this", vouch, desk.resign())


async def test_the_confirmation_may_end_before_the_conditions_do(desk: Desk) -> None:
    end = desk.clock.now + timedelta(seconds=10)
    odd = setting(DATA, NotOnOrAfter=f"{end:%Y-%m-%dT%H:%M:%SZ}")
    desk.clock.advance(75)

    await desk.refused(SamlResponseError, "or expired", odd, desk.resign())


async def test_clocks_may_differ_by_a_minute_and_no_more(desk: Desk) -> None:
    await desk.provider.quirks(options={"lifetimeInSeconds": 600})
    begun = await desk.begin()
    form = await desk.through(begun)
    start = desk.clock.now

    for seconds in (-55, 0, 599, 655):
        desk.clock.now = start + timedelta(seconds=seconds)
        assert (await desk.finish(begun, form)).login == "ada@example.com"
    for seconds in (-65, 665):
        desk.clock.now = start + timedelta(seconds=seconds)
        with pytest.raises(SamlResponseError, match="expired"):
            await desk.finish(begun, form)


async def test_the_conditions_may_end_before_the_confirmation_does(desk: Desk) -> None:
    end = desk.clock.now + timedelta(seconds=10)
    odd = setting(CONDITIONS, NotOnOrAfter=f"{end:%Y-%m-%dT%H:%M:%SZ}")
    desk.clock.advance(75)

    await desk.refused(SamlResponseError, "compare the clocks", odd, desk.resign())


@pytest.mark.parametrize("end", ["2999-01-01", "soon", "2999-01-01T00:00:00+00:00"])
async def test_a_time_that_is_no_time_is_refused(desk: Desk, end: str) -> None:
    for path in (CONDITIONS, DATA):
        odd = setting(path, NotOnOrAfter=end)
        await desk.refused(SamlResponseError, None, odd, desk.resign())


async def test_an_assertion_of_another_provider_is_refused(desk: Desk) -> None:
    await desk.provider.quirks(options={"issuer": "https://evil.example"})

    await desk.refused(SamlResponseError, "ssuer")


async def test_who_the_provider_turns_away_is_told_so(desk: Desk) -> None:
    status = "./samlp:Status/samlp:StatusCode"
    failed = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"

    await desk.refused(SignInRefusedError, "AuthnFailed", setting(status, Value=failed))


@pytest.mark.parametrize("name", [None, "", " ", "a\nb", "x" * 400])
async def test_nobody_comes_in_without_a_name(desk: Desk, name: str | None) -> None:
    change = saying(NAME_ID, name) if name is not None else without(NAME_ID)

    with pytest.raises((NameMissingError, SamlResponseError)):
        await desk.altered(change, desk.resign())
