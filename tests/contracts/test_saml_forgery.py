"""SAML responses that somebody made, or changed, on their way."""

import copy
from typing import Any

import pytest
from lxml import etree
from tests.support.saml import (
    NAMES,
    Change,
    Desk,
    one,
    remove,
    saying,
    setting,
    without,
)

from stackyard.kernel.federation import (
    SamlResponseError,
)

ASSERTION = "./saml:Assertion"
NAME_ID = f"{ASSERTION}/saml:Subject/saml:NameID"
SIGNATURE = f"{ASSERTION}/ds:Signature"


async def test_an_assertion_that_is_not_signed_is_refused(desk: Desk) -> None:
    why = "have assertions signed there"
    await desk.refused(SamlResponseError, why, without(SIGNATURE))

    await desk.provider.quirks(options={"signAssertion": False})
    await desk.refused(SamlResponseError, why)

    await desk.provider.quirks(options={"signAssertion": False, "signResponse": True})
    await desk.refused(SamlResponseError, why)


@pytest.mark.parametrize(
    "change",
    [
        saying(NAME_ID, "root@example.com"),
        saying(f"{ASSERTION}//saml:AttributeValue[.='admins']", "owners"),
        setting(f"{ASSERTION}/saml:Conditions", NotOnOrAfter="2999-01-01T00:00:00Z"),
        saying(f"{SIGNATURE}/ds:SignatureValue", "AAAA"),
    ],
)
async def test_a_change_to_what_was_signed_is_seen(desk: Desk, change: Change) -> None:
    await desk.refused(SamlResponseError, "signature is wrong", change)


async def test_a_change_to_a_signed_envelope_is_seen(desk: Desk) -> None:
    await desk.provider.quirks(options={"signResponse": True})

    await desk.refused(
        SamlResponseError,
        "signature is wrong",
        setting(".", IssueInstant="2030-01-01T00:00:00Z"),
    )


async def test_a_key_that_the_response_brings_itself_counts_for_nothing(
    desk: Desk,
) -> None:
    await desk.provider.quirks(**{"with": "second"})
    await desk.refused(SamlResponseError, "signature is wrong")

    await desk.provider.quirks()
    await desk.refused(SamlResponseError, "signature is wrong", desk.resign("second"))


async def test_sha_1_is_refused_and_what_to_change_is_said(desk: Desk) -> None:
    for options in (
        {"signatureAlgorithm": "rsa-sha1", "digestAlgorithm": "sha1"},
        {"digestAlgorithm": "sha1"},
    ):
        await desk.provider.quirks(options=options)
        await desk.refused(SamlResponseError, "sha1; have SHA-256 used there")


def evil(assertion: Any, identity: str | None = "_evil") -> Any:
    """Return a copy that names somebody else, and is not signed."""
    forged = copy.deepcopy(assertion)
    remove(forged, "./ds:Signature")
    if identity:
        forged.set("ID", identity)
    one(forged, "./saml:Subject/saml:NameID").text = "root@example.com"
    return forged


def before(response: Any) -> None:
    real = one(response, ASSERTION)
    real.addprevious(evil(real))


def after(response: Any) -> None:
    real = one(response, ASSERTION)
    real.addnext(evil(real))


def twin(response: Any) -> None:
    real = one(response, ASSERTION)
    real.addprevious(evil(real, None))


def around(response: Any) -> None:
    """Put the real one into the forged one."""
    real = one(response, ASSERTION)
    forged = evil(real)
    real.addprevious(forged)
    forged.append(real)


def signed_elsewhere(response: Any) -> None:
    """Let the forged one carry the real one's signature, and that the real one."""
    real = one(response, ASSERTION)
    signature = one(real, "./ds:Signature")
    forged = evil(real)
    real.addprevious(forged)
    forged.insert(1, signature)
    holder = etree.SubElement(signature, f"{{{NAMES['ds']}}}Object")
    holder.append(real)


def in_extensions(response: Any) -> None:
    real = one(response, ASSERTION)
    forged = evil(real)
    forged.insert(1, copy.deepcopy(one(real, "./ds:Signature")))
    real.addprevious(forged)
    extensions = etree.Element(f"{{{NAMES['samlp']}}}Extensions")
    one(response, "./saml:Issuer").addnext(extensions)
    extensions.append(real)


def in_advice(response: Any) -> None:
    real = one(response, ASSERTION)
    forged = evil(real)
    real.addprevious(forged)
    forged.insert(1, one(real, "./ds:Signature"))
    advice = etree.Element(f"{{{NAMES['saml']}}}Advice")
    one(forged, "./saml:Conditions").addnext(advice)
    advice.append(real)


def same_name(response: Any) -> None:
    """As above, and let both have the ID that was signed."""
    in_extensions(response)
    forged = one(response, ASSERTION)
    forged.set("ID", one(response, "./samlp:Extensions/saml:Assertion").get("ID"))


def of_another_kind(response: Any) -> None:
    """Hide the real one from whoever looks for its namespace."""
    real = one(response, ASSERTION)
    forged = evil(real, None)
    signature = one(real, "./ds:Signature")
    forged.insert(1, signature)
    real.addprevious(forged)
    hidden = etree.Element("{urn:elsewhere}Assertion", ID=real.get("ID"))
    hidden.append(real)
    one(response, "./samlp:Status").addnext(hidden)


@pytest.mark.parametrize(
    "wrapped",
    [
        before,
        after,
        twin,
        around,
        signed_elsewhere,
        in_extensions,
        in_advice,
        same_name,
        of_another_kind,
    ],
)
@pytest.mark.parametrize("both", [False, True])
async def test_a_signature_vouches_for_nothing_but_what_is_read(
    desk: Desk, wrapped: Change, *, both: bool
) -> None:
    await desk.provider.quirks(options={"signResponse": both})

    await desk.refused(SamlResponseError, "must hold one assertion", wrapped)


async def test_a_signature_stands_where_it_belongs(desk: Desk) -> None:
    def move(response: Any) -> None:
        status = one(response, "./samlp:Status")
        detail = etree.SubElement(status, f"{{{NAMES['samlp']}}}StatusDetail")
        detail.append(copy.deepcopy(one(response, SIGNATURE)))

    await desk.refused(SamlResponseError, "not where it belongs", move)


async def test_a_signature_holds_nothing_else(desk: Desk) -> None:
    def hide(response: Any) -> None:
        etree.SubElement(one(response, SIGNATURE), f"{{{NAMES['ds']}}}Object")

    await desk.refused(SamlResponseError, "more than a signature", hide)


async def test_no_two_elements_have_one_id(desk: Desk) -> None:
    def double(response: Any) -> None:
        same = one(response, ASSERTION).get("ID")
        one(response, f"{SIGNATURE}/ds:SignatureValue").set("Id", same)

    await desk.refused(SamlResponseError, "have one ID", double)


@pytest.mark.parametrize(
    ("path", "attribute", "value"),
    [
        ("ds:SignedInfo/ds:Reference", "URI", ""),
        ("ds:SignedInfo/ds:Reference", "URI", "#_another"),
        (
            "ds:SignedInfo/ds:Reference/ds:Transforms/ds:Transform[2]",
            "Algorithm",
            "http://www.w3.org/TR/1999/REC-xslt-19991116",
        ),
        (
            "ds:SignedInfo/ds:SignatureMethod",
            "Algorithm",
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        ),
    ],
)
async def test_a_signature_that_means_something_else_is_refused_unchecked(
    desk: Desk, path: str, attribute: str, value: str
) -> None:
    await desk.refused(
        SamlResponseError,
        "signature is not of|it is signed by",
        setting(f"{SIGNATURE}/{path}", **{attribute: value}),
    )
