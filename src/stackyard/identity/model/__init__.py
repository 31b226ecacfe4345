"""What is known of people, keys and sessions, and what they decide by themselves."""

from stackyard.identity.model.account import Account, Strategy
from stackyard.identity.model.factors import BackupCode, OneTimeSecret, SecurityKey
from stackyard.identity.model.keys import ApiKey, ApiKeyType, IssuedBy
from stackyard.identity.model.people import Known, User, UserGroup, UserStatus
from stackyard.identity.model.sessions import (
    AdminCredentials,
    IssuedToken,
    Proof,
    Rights,
    SecondFactor,
    Session,
    SessionMethod,
    SignInCount,
)
from stackyard.identity.model.sign_on import SignOn, SignOnAttempt, UsedAssertion

__all__ = [
    "Account",
    "AdminCredentials",
    "ApiKey",
    "ApiKeyType",
    "BackupCode",
    "IssuedBy",
    "IssuedToken",
    "Known",
    "OneTimeSecret",
    "Proof",
    "Rights",
    "SecondFactor",
    "SecurityKey",
    "Session",
    "SessionMethod",
    "SignInCount",
    "SignOn",
    "SignOnAttempt",
    "Strategy",
    "UsedAssertion",
    "User",
    "UserGroup",
    "UserStatus",
]
