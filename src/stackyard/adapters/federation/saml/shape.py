"""The one shape that a SAML response may have.

XML allows a signature here to vouch for an element there, and more than one element of
a name. Attacks live on the difference between what is checked and what is read. So a
document that leaves room for it is refused before anything else is looked at, even if
it is harmless.
"""

from collections import Counter
from typing import Any, Final

from stackyard.adapters.federation.saml.names import ASSERTION, PREFIXES, PROTOCOL
from stackyard.kernel.federation import SamlResponseError

_ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_CANONICAL: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_TRANSFORMS: Final = {_ENVELOPED, _CANONICAL}
_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_SIGNED_WITH: Final = {
    f"{_MORE}{kind}-sha{bits}" for kind in ("rsa", "ecdsa") for bits in (256, 384, 512)
}
_DIGESTED_WITH: Final = {
    "http://www.w3.org/2001/04/xmlenc#sha256",
    f"{_MORE}sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512",
}


def check_shape(response: Any) -> Any:
    """Return the one assertion of *response*, which carries its own signature."""
    if response.tag != f"{{{PROTOCOL}}}Response":
        raise SamlResponseError(reason="it is no response")
    if _find(response, "//*[local-name()='EncryptedAssertion']"):
        reason = "it is encrypted; turn off the encryption of assertions there"
        raise SamlResponseError(reason=reason)
    everywhere = _find(response, "//*[local-name()='Assertion']")
    inside = [one for one in response if one.tag == f"{{{ASSERTION}}}Assertion"]
    if len(everywhere) != 1 or len(inside) != 1:
        raise SamlResponseError(reason="it must hold one assertion, not encrypted")
    _check_ids(response)
    assertion = inside[0]
    signatures = _find(response, "//*[local-name()='Signature']")
    for signature in signatures:
        if signature.getparent() not in (response, assertion):
            raise SamlResponseError(reason="a signature is not where it belongs")
        _check_signature(signature)
    if not any(one.getparent() is assertion for one in signatures):
        reason = "its assertion is not signed; have assertions signed there"
        raise SamlResponseError(reason=reason)
    return assertion


def _check_ids(response: Any) -> None:
    ids = _find(response, "//@*[local-name()='ID' or local-name()='Id']")
    if any(count > 1 for count in Counter(map(str, ids)).values()):
        raise SamlResponseError(reason="two of its elements have one ID")


def _check_signature(signature: Any) -> None:
    references = _find(signature, ".//ds:Reference")
    own = f"#{signature.getparent().get('ID')}"
    if [one.get("URI") for one in references] != [own]:
        raise SamlResponseError(reason="a signature is not of what it stands in")
    if _find(signature, "./ds:Object"):
        raise SamlResponseError(reason="a signature holds more than a signature")
    _check_algorithm(signature, ".//ds:Transform", _TRANSFORMS)
    _check_algorithm(signature, ".//ds:CanonicalizationMethod", {_CANONICAL})
    _check_algorithm(signature, ".//ds:SignatureMethod", _SIGNED_WITH)
    _check_algorithm(signature, ".//ds:DigestMethod", _DIGESTED_WITH)


def _check_algorithm(signature: Any, path: str, allowed: set[str]) -> None:
    for one in _find(signature, path):
        if one.get("Algorithm") not in allowed:
            method = (one.get("Algorithm") or "")[:100]
            reason = f"it is signed by {method}; have SHA-256 used there"
            raise SamlResponseError(reason=reason)


def _find(element: Any, path: str) -> Any:
    return element.xpath(path, namespaces=PREFIXES)
