"""Tokens of machines: an API key may be a trust in somebody else's ID tokens."""

from dataclasses import dataclass
from typing import Any

from stackyard.adapters.federation.claims import judge
from stackyard.adapters.federation.providers import Providers


@dataclass(frozen=True, slots=True)
class IdTokens:
    """Implements `kernel.federation.ForeignTokens`."""

    providers: Providers

    async def verify(self, token: str, issuer: str, audience: str) -> dict[str, Any]:
        provider = await self.providers.get(issuer)
        claims = await self.providers.claims(provider, token)
        judge(claims, provider, audience, self.providers.clock().timestamp())
        return claims
