"""How people, keys, runs and browsers prove who they are, put together."""

from dataclasses import dataclass
from typing import Self

from starlette.requests import Request

from stackyard.http.authentication import Identification
from stackyard.identity import (
    AdminCredentials,
    Admission,
    Authenticator,
    FindPassport,
    KeyExchange,
    LoginPolicies,
    OpenStores,
    Sessions,
    SignIn,
    Subjects,
)
from stackyard.kernel.access import Subject
from stackyard.kernel.federation import ForeignTokens
from stackyard.spaces import is_account_admin
from stackyard.unit import Means


@dataclass(frozen=True, slots=True)
class Outside:
    """What the doors ask of others: who runs, who vouches, who may come in."""

    find_passport: FindPassport
    foreign_tokens: ForeignTokens
    policies: LoginPolicies


@dataclass(frozen=True, slots=True)
class Doors:
    identification: Identification
    authenticator: Authenticator
    sign_in: SignIn
    key_exchange: KeyExchange

    @classmethod
    def of(
        cls,
        stores: OpenStores,
        means: Means,
        outside: Outside,
        *,
        operator: AdminCredentials | None,
    ) -> Self:
        site, clock, tokens = means.site, means.clock, means.tokens
        subjects = Subjects(is_account_admin, operator)
        sessions = Sessions(stores, subjects, tokens, site, clock)
        authenticator = Authenticator(
            stores, sessions, tokens, site, outside.find_passport
        )
        admission = Admission(stores, outside.policies, clock)
        return cls(
            Identification(authenticator, sessions, site),
            authenticator,
            SignIn(stores, subjects, admission, clock),
            KeyExchange(stores, outside.foreign_tokens, tokens, site, clock),
        )

    async def who(self, request: Request) -> Subject:
        return await self.identification.require(request)

    async def basic(self, user: str, password: str) -> Subject | None:
        return await self.authenticator.basic(user, password)
