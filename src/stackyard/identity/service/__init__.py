"""What people, machines and runs do to be known here."""

from stackyard.identity.service.authentication import Authenticator
from stackyard.identity.service.keys import ApiKeys
from stackyard.identity.service.run_tokens import RUN_ISSUER, RunFacts, RunTokens
from stackyard.identity.service.sessions import Opened, Outcome, Sessions

__all__ = [
    "RUN_ISSUER",
    "ApiKeys",
    "Authenticator",
    "Opened",
    "Outcome",
    "RunFacts",
    "RunTokens",
    "Sessions",
]
