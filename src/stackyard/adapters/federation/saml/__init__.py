"""SAML 2.0: requests by redirect, responses by post, assertions signed.

`sign_in.py` is the way through. `shape.py` refuses documents that could mean two
things, python3-saml checks the signature, and `statement.py` reads what was signed,
and nothing beside it.
"""

from stackyard.adapters.federation.saml.sign_in import SamlSignIn

__all__ = ["SamlSignIn"]
