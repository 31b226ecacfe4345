"""What people, machines and runs do to be known here."""

from stackyard.identity.service.account import AccountSettings, RunnerImages
from stackyard.identity.service.admission import Admission
from stackyard.identity.service.authentication import Authenticator
from stackyard.identity.service.exchange import KEY_ISSUER, KeyExchange, Proven
from stackyard.identity.service.factors import Factors, Held, NewOneTime
from stackyard.identity.service.keys import ApiKeys, NewKey
from stackyard.identity.service.people import Groups, Invitation, People
from stackyard.identity.service.run_tokens import RUN_ISSUER, RunFacts, RunTokens
from stackyard.identity.service.sessions import Seen, Sessions
from stackyard.identity.service.sign_in import Opened, Outcome, SignIn
from stackyard.identity.service.sign_on import SignOns
from stackyard.identity.service.sign_on_flow import (
    Browser,
    Providers,
    Returned,
    SignOnFlow,
)
from stackyard.identity.service.subjects import Subjects

__all__ = [
    "KEY_ISSUER",
    "RUN_ISSUER",
    "AccountSettings",
    "Admission",
    "ApiKeys",
    "Authenticator",
    "Browser",
    "Factors",
    "Groups",
    "Held",
    "Invitation",
    "KeyExchange",
    "NewKey",
    "NewOneTime",
    "Opened",
    "Outcome",
    "People",
    "Proven",
    "Providers",
    "Returned",
    "RunFacts",
    "RunTokens",
    "RunnerImages",
    "Seen",
    "Sessions",
    "SignIn",
    "SignOnFlow",
    "SignOns",
    "Subjects",
]
