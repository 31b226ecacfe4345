"""Identity: who is asking. API keys, the administrator's sessions, tokens of runs.

Start with `model.py`; `service/authentication.py` turns what a request carries into a
`Subject`. What a subject may do is not decided here but in `spaces`.
"""

from stackyard.identity.errors import (
    AccountAdminOnlyError,
    ApiKeyNameError,
    CredentialsError,
    RunEndedError,
)
from stackyard.identity.model import (
    AdminCredentials,
    ApiKey,
    BrowserSession,
    IssuedToken,
    SignInCount,
)
from stackyard.identity.service import (
    RUN_ISSUER,
    ApiKeys,
    Authenticator,
    Opened,
    Outcome,
    RunFacts,
    RunTokens,
    Sessions,
)
from stackyard.identity.store import IdentityStore

__all__ = [
    "RUN_ISSUER",
    "AccountAdminOnlyError",
    "AdminCredentials",
    "ApiKey",
    "ApiKeyNameError",
    "ApiKeys",
    "Authenticator",
    "BrowserSession",
    "CredentialsError",
    "IdentityStore",
    "IssuedToken",
    "Opened",
    "Outcome",
    "RunEndedError",
    "RunFacts",
    "RunTokens",
    "Sessions",
    "SignInCount",
]
