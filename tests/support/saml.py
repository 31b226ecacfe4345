"""The platform's side of signing in with SAML, and what can be done to a response."""

import base64
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
import xmlsec
from lxml import etree

from stackyard.adapters.federation import SamlSignIn
from stackyard.adapters.outbound import GuardedHttp
from stackyard.kernel.clock import system_clock
from stackyard.kernel.errors import StackyardError
from stackyard.kernel.federation import Person, SamlBegun, SamlSettings
from stackyard.kernel.site import Site
from tests.support.fakes import Clock
from tests.support.identity_providers import Browser, IdentityProvider

SITE: Final = Site("https://stackyard.example", "acme")
ACS: Final = f"{SITE.base_url}/saml/acs"
ENTITY: Final = f"{SITE.base_url}/saml/metadata"
RELAY: Final = "where they were"
NAMES: Final = {
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
Change = Callable[[Any], None]


@dataclass
class Desk:
    """The platform's side, with nothing remembered of other tests."""

    provider: IdentityProvider
    clock: Clock
    settings: SamlSettings
    sign_in: SamlSignIn

    @classmethod
    def opened(cls, provider: IdentityProvider, network: str = "127.0.0.0/8") -> "Desk":
        http = GuardedHttp.guard(allowed_networks=[network], tls=provider.tls.trusted())
        clock = Clock(system_clock())
        settings = SamlSettings(f"{provider.base}/metadata")
        return cls(provider, clock, settings, SamlSignIn(SITE, http, clock))

    async def begin(self) -> SamlBegun:
        return await self.sign_in.begin(self.settings, RELAY)

    async def through(self, begun: SamlBegun, login: str = "ada") -> dict[str, str]:
        return await Browser(self.provider, ACS).sign_in(begun.url, login)

    async def finish(self, begun: SamlBegun | None, form: dict[str, str]) -> Person:
        return await self.sign_in.finish(self.settings, begun, form)

    async def person(self, login: str = "ada") -> Person:
        begun = await self.begin()
        return await self.finish(begun, await self.through(begun, login))

    async def altered(self, *changes: Change) -> Person:
        """Sign in with a response that somebody changed on its way."""
        begun = await self.begin()
        return await self.finish(begun, changed(await self.through(begun), *changes))

    async def refused(
        self, kind: type[StackyardError], why: str | None, *changes: Change
    ) -> None:
        begun = await self.begin()
        form = changed(await self.through(begun), *changes)
        with pytest.raises(kind, match=why) as caught:
            await self.finish(begun, form)
        told = f"{caught.value} {caught.value.facts}"
        assert "ada@example.com" not in told
        assert form["SAMLResponse"][:40] not in told

    def resign(self, name: str = "first") -> Change:
        """Sign an assertion anew, as a provider would that says it so itself."""
        key = Path(self.provider.config["signing"][name]["key"])

        def sign(response: Any) -> None:
            assertion = one(response, "./saml:Assertion")
            remove(assertion, "./ds:Signature")
            template = xmlsec.template.create(
                assertion,
                xmlsec.constants.TransformExclC14N,
                xmlsec.constants.TransformRsaSha256,
            )
            one(assertion, "./saml:Issuer").addnext(template)
            reference = xmlsec.template.add_reference(
                template,
                xmlsec.constants.TransformSha256,
                uri=f"#{assertion.get('ID')}",
            )
            for transform in (
                xmlsec.constants.TransformEnveloped,
                xmlsec.constants.TransformExclC14N,
            ):
                xmlsec.template.add_transform(reference, transform)
            xmlsec.tree.add_ids(assertion, ["ID"])
            context = xmlsec.SignatureContext()
            context.key = xmlsec.Key.from_file(
                str(key), xmlsec.constants.KeyDataFormatPem
            )
            context.sign(template)

        return sign


def changed(form: dict[str, str], *changes: Change) -> dict[str, str]:
    if not changes:
        return form
    response = etree.fromstring(base64.b64decode(form["SAMLResponse"]))
    for change in changes:
        change(response)
    return form | {"SAMLResponse": encoded(etree.tostring(response))}


def encoded(xml: bytes) -> str:
    return base64.b64encode(xml).decode()


def one(element: Any, path: str) -> Any:
    (found,) = element.xpath(path, namespaces=NAMES)
    return found


def remove(element: Any, path: str) -> None:
    for found in element.xpath(path, namespaces=NAMES):
        found.getparent().remove(found)


def setting(path: str, **attributes: str | None) -> Change:
    """Change attributes of the one element at *path*; None removes."""

    def change(response: Any) -> None:
        element = one(response, path)
        for name, value in attributes.items():
            if value is None:
                del element.attrib[name]
            else:
                element.set(name, value)

    return change


def saying(path: str, text: str) -> Change:
    def change(response: Any) -> None:
        one(response, path).text = text

    return change


def without(path: str) -> Change:
    return lambda response: remove(response, path)


def request_of(begun: SamlBegun) -> Any:
    """Return the request in a URL, as the provider reads it."""
    query = parse_qs(urlsplit(begun.url).query)
    packed = base64.b64decode(query["SAMLRequest"][0])
    return etree.fromstring(zlib.decompress(packed, -15))
