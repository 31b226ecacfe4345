"""Whether a SAML response is sound and signed; python3-saml does the checking.

It is kept to what it is good at. What it lets pass when a part is missing, such as a
recipient or the request that is answered, is asked for in `statement.py`.
"""

import base64
from typing import Any, Final
from urllib.parse import urlsplit

from lxml import etree
from onelogin.saml2.errors import OneLogin_Saml2_ValidationError
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from stackyard.adapters.federation.saml.names import POST, REDIRECT
from stackyard.adapters.federation.saml.ours import Ourselves
from stackyard.adapters.federation.saml.shape import check_shape
from stackyard.adapters.federation.saml.theirs import SamlIdp
from stackyard.kernel.federation import SamlResponseError, SignInRefusedError

_SECURITY: Final = {
    "wantAssertionsSigned": True,
    "wantNameId": True,
    "wantAttributeStatement": False,  # teams are nobody's duty
    "rejectDeprecatedAlgorithm": True,
    "allowSingleLabelDomains": True,  # of private networks
}
_SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
_STATUS: Final = "./*[local-name()='Status']//*[local-name()='StatusCode']"
_LONGEST_WORDS: Final = 100


class ForgedError(Exception):
    """The signature is of none of the provider's keys that we know."""


def answered_request(xml: bytes) -> str | None:
    """Return which request a response says it answers, which proves nothing."""
    found = _parse(xml).get("InResponseTo")
    return found if isinstance(found, str) else None


def verified_assertion(xml: bytes, idp: SamlIdp, us: Ourselves) -> Any:
    """Return the assertion that *idp* signed, or raise `ForgedError`."""
    document = _parse(xml)
    _check_status(document)
    destination = document.get("Destination")
    if destination not in (None, us.acs):
        raise SamlResponseError(reason=f"it was sent to elsewhere than {us.acs}")
    check_shape(document)
    settings = OneLogin_Saml2_Settings(_settings(idp, us))
    try:
        response = OneLogin_Saml2_Response(settings, base64.b64encode(xml))
        response.is_valid(_arrival(us), raise_exceptions=True)
    except OneLogin_Saml2_ValidationError as error:
        if error.code == OneLogin_Saml2_ValidationError.INVALID_SIGNATURE:
            raise ForgedError from error
        raise SamlResponseError(reason=_words(str(error))) from error
    except Exception as error:
        # it raises bare ones, too: what it stumbles over has not been checked
        raise SamlResponseError(reason="it cannot be read") from error
    return check_shape(response.document)


def _parse(xml: bytes) -> Any:
    """Read XML without document types, entities, comments or the network."""
    try:
        return OneLogin_Saml2_XML.to_etree(xml)
    except (etree.LxmlError, ValueError) as error:
        raise SamlResponseError(reason="it is no sound XML") from error


def _check_status(document: Any) -> None:
    codes = [str(one.get("Value")) for one in document.xpath(_STATUS)]
    if codes != [_SUCCESS]:
        told = _words(" ".join(code.rpartition(":")[2] for code in codes))
        raise SignInRefusedError(reason=told or "it does not say that it did")


def _settings(idp: SamlIdp, us: Ourselves) -> dict[str, Any]:
    return {
        "strict": True,
        "sp": {
            "entityId": us.entity_id,
            "assertionConsumerService": {"url": us.acs, "binding": POST},
        },
        "idp": {
            "entityId": idp.entity_id,
            "singleSignOnService": {"url": idp.sign_on_url, "binding": REDIRECT},
            "x509certMulti": {"signing": list(idp.certificates)},
        },
        "security": dict(_SECURITY),
    }


def _arrival(us: Ourselves) -> dict[str, Any]:
    """Say where the response arrived: at our address, whatever a proxy made of it."""
    parts = urlsplit(us.acs)
    return {
        "https": "on" if parts.scheme == "https" else "off",
        "http_host": parts.netloc,
        "script_name": parts.path,
    }


def _words(text: str) -> str:
    return "".join(one for one in text[:_LONGEST_WORDS] if one.isprintable())
