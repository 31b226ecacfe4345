"""Identity providers: OpenID Connect and SAML 2.0, for people and for API keys.

Start with `oidc.py` and `saml/sign_in.py`. Each provider is asked through the guarded
client, since its address is what an administrator typed.
"""

from stackyard.adapters.federation.id_tokens import IdTokens
from stackyard.adapters.federation.oidc import OidcSignIn
from stackyard.adapters.federation.providers import Providers
from stackyard.adapters.federation.saml import SamlSignIn

__all__ = ["IdTokens", "OidcSignIn", "Providers", "SamlSignIn"]
