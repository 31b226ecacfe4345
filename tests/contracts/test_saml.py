"""Sign-in with SAML, against a provider that somebody else wrote."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree
from tests.support.saml import (
    ACS,
    ENTITY,
    SITE,
    Desk,
    encoded,
    one,
    request_of,
)

from stackyard.kernel.federation import (
    NameIdFormat,
    SamlAttribute,
    SamlResponseError,
    SignInMismatchError,
    UnsolicitedResponseError,
)

FORMATS = {
    NameIdFormat.TRANSIENT: "2.0:nameid-format:transient",
    NameIdFormat.EMAIL_ADDRESS: "1.1:nameid-format:emailAddress",
    NameIdFormat.PERSISTENT: "2.0:nameid-format:persistent",
}


# who comes in


async def test_a_person_comes_in_with_name_and_teams_as_they_are(desk: Desk) -> None:
    person = await desk.person()

    assert (person.login, person.name) == ("ada@example.com", "Ada Lovelace")
    assert person.groups == ("DevOps ", "admins")


async def test_somebody_of_whom_nothing_else_is_said_comes_in(desk: Desk) -> None:
    person = await desk.person("bob")

    assert (person.login, person.name, person.groups) == ("bob@example.com", "", ())


async def test_the_metadata_may_be_given_instead_of_its_address(desk: Desk) -> None:
    async with desk.provider.client() as client:
        xml = (await client.get("/metadata")).text
    desk.settings = replace(desk.settings, metadata=f"\n{xml}")
    await desk.provider.quirks()

    assert (await desk.person()).login == "ada@example.com"
    assert "/metadata" not in await desk.provider.calls()


async def test_attributes_may_have_other_names(desk: Desk) -> None:
    theirs = "http://schemas.xmlsoap.org/claims/Group"
    await desk.provider.quirks(
        attributes={"Teams": None, theirs: ["ops"], "FirstName": None, "given": "Ada"}
    )
    mapping = {theirs: SamlAttribute.TEAMS, "given": SamlAttribute.FIRST_NAME}
    desk.settings = replace(desk.settings, attributes=mapping)

    person = await desk.person()

    assert (person.name, person.groups) == ("Ada Lovelace", ("ops",))


async def test_names_of_attributes_are_exact(desk: Desk) -> None:
    await desk.provider.quirks(attributes={"Teams": None, "teams": ["admins"]})

    assert (await desk.person()).groups == ()


@pytest.mark.parametrize("name_id_format", list(NameIdFormat))
async def test_people_are_asked_for_by_the_kind_of_name_that_was_chosen(
    desk: Desk, name_id_format: NameIdFormat
) -> None:
    urn = f"urn:oasis:names:tc:SAML:{FORMATS[name_id_format]}"
    desk.settings = replace(desk.settings, name_id_format=name_id_format)
    await desk.provider.quirks(nameIdFormat=urn)

    begun = await desk.begin()

    policy = one(request_of(begun), "./samlp:NameIDPolicy")
    assert policy.get("Format") == urn
    assert urn in desk.sign_in.metadata(name_id_format)
    form = await desk.through(begun)
    assert (await desk.finish(begun, form)).login == "ada@example.com"


async def test_the_request_says_who_asks_and_where_to_answer(desk: Desk) -> None:
    begun = await desk.begin()
    request = request_of(begun)

    assert request.get("ID") == begun.request_id
    assert request.get("AssertionConsumerServiceURL") == ACS
    assert request.get("Destination") == f"{desk.provider.base}/sso"
    assert one(request, "./saml:Issuer").text == ENTITY
    assert len({(await desk.begin()).request_id for _ in range(5)}) == 5


async def test_our_metadata_is_good_for_as_long_as_we_are_there(desk: Desk) -> None:
    xml = desk.sign_in.metadata(NameIdFormat.PERSISTENT)
    root = etree.fromstring(xml.encode())

    assert root.get("entityID") == ENTITY == f"{SITE.base_url}/saml/metadata"
    assert root.get("validUntil") is None
    (role,) = root
    assert role.get("WantAssertionsSigned") == "true"
    assert [each.get("Location") for each in role if each.get("Location")] == [ACS]


async def test_two_signatures_are_as_good_as_one(desk: Desk) -> None:
    await desk.provider.quirks(options={"signResponse": True})

    assert (await desk.person()).login == "ada@example.com"


# what binds a sign-in to the browser that began it


async def test_what_the_provider_began_is_told_apart_and_not_consumed(
    desk: Desk,
) -> None:
    async with desk.provider.client() as client:
        page = await client.post("/sso", data={"login": "ada", "password": "x"})
        assert page.status_code == 401
    begun = await desk.begin()
    bare = replace(begun, url=f"{desk.provider.base}/sso")
    form = await desk.through(bare)

    for waiting in (None, begun):
        with pytest.raises(UnsolicitedResponseError, match="Sign in from here"):
            await desk.finish(waiting, form)


async def test_an_answer_to_another_sign_in_is_no_answer(desk: Desk) -> None:
    begun, other = await desk.begin(), await desk.begin()
    form = await desk.through(begun)

    for waiting in (None, other):
        with pytest.raises(UnsolicitedResponseError):
            await desk.finish(waiting, form)
    with pytest.raises(SignInMismatchError):
        await desk.finish(begun, form | {"RelayState": "elsewhere"})
    with pytest.raises(SignInMismatchError):
        await desk.finish(begun, {"SAMLResponse": form["SAMLResponse"]})


async def test_a_stolen_assertion_does_not_answer_because_its_envelope_says_so(
    desk: Desk,
) -> None:
    # of a response only the assertion is signed
    stolen = await desk.through(await desk.begin())
    begun = await desk.begin()
    xml = etree.fromstring(base64.b64decode(stolen["SAMLResponse"]))
    xml.set("InResponseTo", begun.request_id)
    form = stolen | {"SAMLResponse": encoded(etree.tostring(xml))}

    with pytest.raises(SamlResponseError):
        await desk.finish(begun, form)


async def test_the_caller_can_tell_that_an_assertion_was_used_before(
    desk: Desk,
) -> None:
    begun = await desk.begin()
    form = await desk.through(begun)

    first, again = await desk.finish(begun, form), await desk.finish(begun, form)
    another = await desk.person()

    assert first.assertion
    assert another.assertion
    assert first.assertion == again.assertion
    assert first.assertion.id != another.assertion.id
    # it is not believed any longer than it has to be kept
    desk.clock.now = first.assertion.until - timedelta(seconds=1)
    await desk.finish(begun, form)
    desk.clock.now = first.assertion.until
    with pytest.raises(SamlResponseError):
        await desk.finish(begun, form)
