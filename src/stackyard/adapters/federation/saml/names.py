"""The words of SAML and of XML signatures."""

from typing import Final

from stackyard.kernel.federation import NameIdFormat

PROTOCOL: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
METADATA: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE: Final = "http://www.w3.org/2000/09/xmldsig#"
PREFIXES: Final = {
    "samlp": PROTOCOL,
    "saml": ASSERTION,
    "md": METADATA,
    "ds": SIGNATURE,
}
REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
NAME_ID_FORMATS: Final = {
    NameIdFormat.TRANSIENT: "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
    NameIdFormat.EMAIL_ADDRESS: (
        "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    ),
    NameIdFormat.PERSISTENT: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
}
