"""What we tell a SAML provider: who we are, and that somebody wants to sign in."""

import base64
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from xml.sax.saxutils import escape, quoteattr

from stackyard.adapters.federation.saml.names import (
    ASSERTION,
    METADATA,
    NAME_ID_FORMATS,
    POST,
    PROTOCOL,
)
from stackyard.kernel.federation import NameIdFormat
from stackyard.kernel.site import Site

_RAW_DEFLATE: Final = -15


@dataclass(frozen=True, slots=True)
class Asked:
    id: str
    relay: str
    at: datetime
    policy: NameIdFormat


@dataclass(frozen=True, slots=True)
class Ourselves:
    """The service provider: its name is the address of its metadata."""

    entity_id: str
    acs: str

    @classmethod
    def at(cls, site: Site) -> "Ourselves":
        base = site.base_url
        return cls(f"{base}/saml/metadata", f"{base}/saml/acs")

    def metadata(self, name_id_format: NameIdFormat) -> str:
        """Return our metadata. It says no end, since providers read it once."""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<md:EntityDescriptor xmlns:md="{METADATA}"'
            f" entityID={quoteattr(self.entity_id)}>"
            '<md:SPSSODescriptor AuthnRequestsSigned="false"'
            f' WantAssertionsSigned="true" protocolSupportEnumeration="{PROTOCOL}">'
            f"<md:NameIDFormat>{NAME_ID_FORMATS[name_id_format]}</md:NameIDFormat>"
            f'<md:AssertionConsumerService Binding="{POST}"'
            f' Location={quoteattr(self.acs)} index="0" isDefault="true"/>'
            "</md:SPSSODescriptor></md:EntityDescriptor>"
        )

    def request_url(self, endpoint: str, asked: Asked) -> str:
        """Return *endpoint* with a request in it; how people prove who they are is
        the provider's business, so it asks for no method.
        """
        request = (
            f'<samlp:AuthnRequest xmlns:samlp="{PROTOCOL}" xmlns:saml="{ASSERTION}"'
            f' ID={quoteattr(asked.id)} Version="2.0"'
            f' IssueInstant="{asked.at:%Y-%m-%dT%H:%M:%SZ}"'
            f' Destination={quoteattr(endpoint)} ProtocolBinding="{POST}"'
            f" AssertionConsumerServiceURL={quoteattr(self.acs)}>"
            f"<saml:Issuer>{escape(self.entity_id)}</saml:Issuer>"
            f'<samlp:NameIDPolicy Format="{NAME_ID_FORMATS[asked.policy]}"'
            ' AllowCreate="true"/></samlp:AuthnRequest>'
        )
        deflate = zlib.compressobj(wbits=_RAW_DEFLATE)
        packed = deflate.compress(request.encode()) + deflate.flush()
        fields = {"SAMLRequest": base64.b64encode(packed).decode()}
        query = urlencode(fields | {"RelayState": asked.relay})
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"
