"""The platform's side of signing in with OpenID Connect."""

from dataclasses import dataclass
from typing import Final

import pytest

from stackyard.adapters.federation import IdTokens, OidcSignIn, Providers
from stackyard.adapters.outbound import GuardedHttp
from stackyard.kernel.clock import system_clock
from stackyard.kernel.errors import StackyardError
from stackyard.kernel.federation import (
    OidcBegun,
    OidcSettings,
    Person,
)
from tests.support.fakes import Clock
from tests.support.identity_providers import (
    CLIENT_ID,
    CLIENT_SECRET,
    Browser,
    IdentityProvider,
)

HOME: Final = "https://stackyard.example/oidc/exchange"
DISCOVERY: Final = "/.well-known/openid-configuration"
LOOPBACK: Final = ("127.0.0.0/8",)


@dataclass
class Office:
    """The platform's side, with nothing remembered of other tests."""

    provider: IdentityProvider
    clock: Clock
    settings: OidcSettings
    providers: Providers

    @classmethod
    def opened(cls, provider: IdentityProvider, *networks: str) -> "Office":
        http = GuardedHttp.guard(
            allowed_networks=networks or LOOPBACK, tls=provider.tls.trusted()
        )
        clock = Clock(system_clock())
        settings = OidcSettings(provider.base, CLIENT_ID, CLIENT_SECRET)
        return cls(provider, clock, settings, Providers(http, clock))

    @property
    def sign_in(self) -> OidcSignIn:
        return OidcSignIn(self.providers)

    @property
    def id_tokens(self) -> IdTokens:
        return IdTokens(self.providers)

    async def begin(self) -> OidcBegun:
        return await self.sign_in.begin(self.settings, HOME)

    async def through(self, begun: OidcBegun, login: str = "ada") -> dict[str, str]:
        return await Browser(self.provider, HOME).sign_in(begun.url, login)

    async def finish(self, begun: OidcBegun, query: dict[str, str]) -> Person:
        return await self.sign_in.finish(self.settings, HOME, begun, query)

    async def person(self, login: str = "ada") -> Person:
        begun = await self.begin()
        return await self.finish(begun, await self.through(begun, login))

    async def refused(
        self, kind: type[StackyardError], why: str | None = None, login: str = "ada"
    ) -> None:
        """Sign in, and be told why not, without anything that is secret."""
        begun = await self.begin()
        query = await self.through(begun, login)
        with pytest.raises(kind, match=why) as caught:
            await self.finish(begun, query)
        told = f"{caught.value} {caught.value.facts}"
        secrets = [CLIENT_SECRET, query.get("code", "-"), begun.nonce, begun.verifier]
        assert not any(secret in told for secret in (*secrets, "eyJ"))

    def minutes_later(self, minutes: float) -> None:
        self.clock.advance(minutes * 60)

    def now(self, seconds: float = 0) -> int:
        return int(self.clock().timestamp() + seconds)
