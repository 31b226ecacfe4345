"""What OpenID Connect providers say of themselves: where they are, and their keys."""

from dataclasses import dataclass
from typing import Any, Final, Self

from stackyard.adapters.federation.cache import RENEWAL, Cache
from stackyard.adapters.federation.calls import check_url, read_json
from stackyard.adapters.federation.signatures import (
    PublicKey,
    UnknownKeyError,
    parse_keys,
    verified_claims,
)
from stackyard.kernel.clock import Clock
from stackyard.kernel.federation import ForeignTokenError, ProviderMetadataError
from stackyard.kernel.outbound import Http

_PATH: Final = "/.well-known/openid-configuration"
_SHARED_BY_TENANTS: Final = "https://login.microsoftonline.com/{tenantid}/"
_ENTRA_V1: Final = "https://sts.windows.net/"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider's own words. Those that only issue tokens have no endpoints."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str | None
    token_endpoint: str | None
    userinfo_endpoint: str | None
    algorithms: frozenset[str]
    scopes: frozenset[str]
    auth_methods: tuple[str, ...]
    names_itself: bool  # in what it sends the browser back with (RFC 9207)

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Self:
        listed = _texts(document, "id_token_signing_alg_values_supported", ("RS256",))
        return cls(
            issuer=_text(document, "issuer"),
            jwks_uri=_url(document, "jwks_uri") or _text(document, "jwks_uri"),
            authorization_endpoint=_url(document, "authorization_endpoint"),
            token_endpoint=_url(document, "token_endpoint"),
            userinfo_endpoint=_url(document, "userinfo_endpoint"),
            algorithms=frozenset(listed),
            scopes=frozenset(_texts(document, "scopes_supported")),
            auth_methods=_texts(
                document,
                "token_endpoint_auth_methods_supported",
                ("client_secret_basic",),
            ),
            names_itself=document.get("authorization_response_iss_parameter_supported")
            is True,
        )


class Providers:
    """Every provider that this process has asked, as it is now or was lately."""

    def __init__(self, http: Http, clock: Clock) -> None:
        self.http, self.clock = http, clock
        self._found = Cache(self._discover, clock)
        self._keys = Cache(self._read_keys, clock)

    async def get(self, issuer: str) -> Provider:
        """Return the provider at *issuer*, in any form that people paste it in."""
        return await self._found.get(base_of(issuer))

    async def claims(self, provider: Provider, token: str) -> dict[str, Any]:
        """Return what *token* says if *provider* signed it; nothing else is checked.

        A key that we have not seen may be a new one: the provider is asked again, if
        it was not asked a moment ago.
        """
        keys = await self._keys.get(provider.jwks_uri)
        try:
            return verified_claims(token, keys, provider.algorithms)
        except UnknownKeyError:
            keys = await self._keys.get(provider.jwks_uri, age=RENEWAL)
        try:
            return verified_claims(token, keys, provider.algorithms)
        except UnknownKeyError as error:
            raise ForeignTokenError(
                reason="it is signed with a key that the provider does not publish"
            ) from error

    async def _discover(self, base: str) -> Provider:
        provider = Provider.parse(await read_json(self.http, base + _PATH))
        if base_of(provider.issuer) != base:
            raise ProviderMetadataError(problem=_other_issuer(base, provider.issuer))
        return provider

    async def _read_keys(self, url: str) -> tuple[PublicKey, ...]:
        return parse_keys(await read_json(self.http, url), url)


def base_of(issuer: str) -> str:
    """Return an issuer without what people paste with it."""
    return issuer.strip().rstrip("/").removesuffix(_PATH).rstrip("/")


def _other_issuer(base: str, issuer: str) -> str:
    problem = f'at {base} answers one that calls itself "{issuer[:200]}"'
    if issuer.startswith(_SHARED_BY_TENANTS):
        return f"{problem}; put your directory's (tenant's) id into the provider URL"
    if issuer.startswith(_ENTRA_V1):
        return f'{problem}; use the provider URL of Entra that ends in "/v2.0"'
    return f"{problem}; use that as the provider URL"


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise ProviderMetadataError(problem=f'it lacks "{name}"')
    return value


def _url(document: dict[str, Any], name: str) -> str | None:
    if document.get(name) is None:
        return None
    url = _text(document, name)
    check_url(url)
    return url


def _texts(
    document: dict[str, Any], name: str, otherwise: tuple[str, ...] = ()
) -> tuple[str, ...]:
    value = document.get(name)
    if not isinstance(value, list):
        return otherwise
    return tuple(one for one in value if isinstance(one, str))
