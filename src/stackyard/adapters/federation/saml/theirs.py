"""What a SAML provider's metadata tells: its name, its door and its certificates."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

from cryptography import x509
from lxml import etree
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from stackyard.adapters.federation.calls import check_url
from stackyard.adapters.federation.saml.names import PREFIXES, REDIRECT
from stackyard.kernel.federation import ProviderMetadataError

_CERTIFICATES: Final = (
    "./md:KeyDescriptor[not(@use) or @use='signing']"
    "/ds:KeyInfo/ds:X509Data/ds:X509Certificate"
)
_DOORS: Final = "./md:SingleSignOnService[@Binding=$binding]/@Location"
_MOST_CERTIFICATES: Final = 20


@dataclass(frozen=True, slots=True)
class SamlIdp:
    entity_id: str
    sign_on_url: str
    certificates: tuple[str, ...]  # of signing keys, as base64 of DER

    @classmethod
    def parse(cls, xml: bytes) -> Self:
        """Read a metadata document of one provider."""
        try:
            document = OneLogin_Saml2_XML.to_etree(xml)
        except (etree.LxmlError, ValueError) as error:
            raise ProviderMetadataError(problem="it is no sound XML") from error
        roles = document.xpath("//md:IDPSSODescriptor", namespaces=PREFIXES)
        if len(roles) != 1:
            problem = f"it describes {len(roles)} identity providers, and must one"
            raise ProviderMetadataError(problem=problem)
        role = roles[0]
        doors = role.xpath(_DOORS, namespaces=PREFIXES, binding=REDIRECT)
        if not doors:
            problem = "it has no SingleSignOnService with the binding HTTP-Redirect"
            raise ProviderMetadataError(problem=problem)
        check_url(str(doors[0]))
        certificates = tuple(_certificates(role))
        if not certificates:
            raise ProviderMetadataError(problem="it has no certificate for signing")
        entity_id = role.getparent().get("entityID")
        if not entity_id:
            raise ProviderMetadataError(problem="it has no entityID")
        return cls(entity_id, str(doors[0]), certificates)


def _certificates(role: Any) -> Iterator[str]:
    for node in role.xpath(_CERTIFICATES, namespaces=PREFIXES)[:_MOST_CERTIFICATES]:
        text = "".join((node.text or "").split())
        try:
            x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError) as error:
            problem = "one of its certificates cannot be read"
            raise ProviderMetadataError(problem=problem) from error
        yield text
