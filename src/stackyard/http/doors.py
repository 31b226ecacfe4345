"""How people, keys, runs and browsers prove who they are, put together."""

from dataclasses import dataclass
from typing import Self

from starlette.requests import Request

from stackyard.http.authentication import Identification
from stackyard.identity import (
    AdminCredentials,
    Admission,
    Authenticator,
    Factors,
    FindPassport,
    KeyExchange,
    LoginPolicies,
    OpenStores,
    Providers,
    ProviderSettings,
    Sessions,
    SignIn,
    SignOnFlow,
    Subjects,
)
from stackyard.kernel.access import Subject
from stackyard.kernel.federation import ForeignTokens
from stackyard.kernel.ids import SessionId
from stackyard.kernel.second_factor import OneTimePasswords, Passkeys
from stackyard.spaces import is_account_admin
from stackyard.unit import Means, OpenUnit


@dataclass(frozen=True, slots=True)
class Outside:
    """What the doors ask of others: who runs, who vouches, who may come in."""

    find_passport: FindPassport
    foreign_tokens: ForeignTokens
    providers: Providers
    passkeys: Passkeys
    one_time: OneTimePasswords
    policies: LoginPolicies
    open_unit: OpenUnit


@dataclass(frozen=True, slots=True)
class Doors:
    identification: Identification
    authenticator: Authenticator
    sign_in: SignIn
    key_exchange: KeyExchange
    sign_on: SignOnFlow
    factors: Factors

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
        sign_in = SignIn(stores, subjects, admission, clock)

        async def settle(settings: ProviderSettings, session_id: str) -> None:
            by = await sessions.of_id(SessionId(session_id))
            async with outside.open_unit() as unit:
                await unit.sign_ons.activate(settings, by=by)

        return cls(
            Identification(authenticator, sessions, site),
            authenticator,
            sign_in,
            KeyExchange(stores, outside.foreign_tokens, tokens, site, clock),
            SignOnFlow(
                stores, outside.providers, sign_in, settle, means.vault, site, clock
            ),
            Factors(stores, outside.passkeys, outside.one_time, means.vault, clock),
        )

    async def who(self, request: Request) -> Subject:
        return await self.identification.require(request)

    async def basic(self, user: str, password: str) -> Subject | None:
        return await self.authenticator.basic(user, password)
