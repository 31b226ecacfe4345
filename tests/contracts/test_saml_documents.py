"""Documents that are no SAML responses, or play tricks with XML."""

import base64
from typing import Any

import pytest
from lxml import etree
from tests.support.saml import (
    Desk,
    changed,
    encoded,
    one,
)

from stackyard.kernel.federation import (
    SamlResponseError,
    UnsolicitedResponseError,
)

ASSERTION = "./saml:Assertion"
NAME_ID = f"{ASSERTION}/saml:Subject/saml:NameID"
SIGNATURE = f"{ASSERTION}/ds:Signature"


async def test_a_comment_does_not_cut_a_name_short(desk: Desk) -> None:
    def comment(response: Any) -> None:
        name = one(response, NAME_ID)
        name.text, rest = "ada@example", ".com"
        cut = etree.Comment("nothing")
        cut.tail = rest
        name.append(cut)

    assert (await desk.altered(comment)).login == "ada@example.com"


@pytest.mark.parametrize(
    "prologue",
    [
        '<!DOCTYPE r [<!ENTITY a "root@example.com">]>',
        '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE r SYSTEM "https://evil.example/a.dtd">',
        '<!DOCTYPE r [<!ENTITY b "xxxxxxxxxx"><!ENTITY a "&b;&b;&b;&b;&b;&b;">]>',
        "<!DOCTYPE r [<!ATTLIST r ID ID #IMPLIED>]>",
    ],
)
async def test_documents_with_a_type_are_not_read(desk: Desk, prologue: str) -> None:
    begun = await desk.begin()
    form = await desk.through(begun)
    xml = base64.b64decode(form["SAMLResponse"]).decode()
    entity = "&a;" if "ENTITY a" in prologue else "x"
    form["SAMLResponse"] = encoded(
        (prologue + xml.replace("ada@example.com", entity)).encode()
    )

    with pytest.raises(SamlResponseError, match="no sound XML"):
        await desk.finish(begun, form)


@pytest.mark.parametrize(
    ("response", "why"),
    [
        ("", "there is none"),
        ("A" * 1_500_000, "too long"),
        ("%%%", "base64"),
        ("é", "base64"),
        (encoded(b"<a"), "no sound XML"),
        (encoded(b"\xff\xfe"), "no sound XML"),
        (encoded(b"<a>" * 5000), "no sound XML"),
    ],
)
async def test_what_is_no_response_is_refused(
    desk: Desk, response: str, why: str
) -> None:
    with pytest.raises(SamlResponseError, match=why):
        await desk.finish(await desk.begin(), {"SAMLResponse": response})


async def test_other_messages_are_no_responses(desk: Desk) -> None:
    begun = await desk.begin()
    form = changed(await desk.through(begun))
    xml = base64.b64decode(form["SAMLResponse"]).replace(
        b"samlp:Response", b"samlp:LogoutResponse"
    )

    with pytest.raises(SamlResponseError, match="no response"):
        await desk.finish(begun, form | {"SAMLResponse": encoded(xml)})
    with pytest.raises(UnsolicitedResponseError):
        await desk.finish(begun, form | {"SAMLResponse": encoded(b"<a/>")})
