"""Sign-in with OpenID Connect: the authorisation code flow with PKCE.

Written out rather than taken from a client library, since each of those brings its own
HTTP client, and every call here must go through the guarded one.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

from stackyard.adapters.federation.calls import OK, call, json_object
from stackyard.adapters.federation.claims import (
    judge,
    judge_party,
    needs_more,
    person,
)
from stackyard.adapters.federation.providers import Provider, Providers
from stackyard.kernel.federation import (
    ForeignTokenError,
    OidcBegun,
    OidcSettings,
    Person,
    ProviderMetadataError,
    ProviderSettingsError,
    SignInMismatchError,
    SignInRefusedError,
)
from stackyard.kernel.outbound import Request

_ENTROPY_BYTES: Final = 32
_LONGEST_CODE: Final = 4096
_LONGEST_WORDS: Final = 300
_SCOPES: Final = ("openid", "email")
_SCOPES_IF_LISTED: Final = ("profile", "groups")
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_OUR_MISTAKES: Final = {
    "invalid_client": "the client id or the client secret is wrong",
    "unauthorized_client": "the client may not use the authorisation code flow",
    "invalid_scope": "the client may not ask for the scopes openid and email",
}


@dataclass(frozen=True, slots=True)
class OidcSignIn:
    """Implements `kernel.federation.OidcProvider`."""

    providers: Providers

    async def begin(self, settings: OidcSettings, redirect_uri: str) -> OidcBegun:
        provider = await self.providers.get(settings.issuer)
        endpoint = _needed(provider.authorization_endpoint, "authorization_endpoint")
        state, nonce, verifier = (
            secrets.token_urlsafe(_ENTROPY_BYTES) for _ in range(3)
        )
        extra = [one for one in _SCOPES_IF_LISTED if one in provider.scopes]
        query = urlencode(
            {
                "response_type": "code",
                "client_id": settings.client_id,
                "redirect_uri": redirect_uri,
                "scope": " ".join([*_SCOPES, *extra]),
                "state": state,
                "nonce": nonce,
                "code_challenge": _challenge(verifier),
                "code_challenge_method": "S256",
            }
        )
        url = f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"
        return OidcBegun(url, state, nonce, verifier)

    async def finish(
        self,
        settings: OidcSettings,
        redirect_uri: str,
        begun: OidcBegun,
        query: Mapping[str, str],
    ) -> Person:
        # before anything in it is believed, an error included
        if not _same(query.get("state", ""), begun.state):
            raise SignInMismatchError
        provider = await self.providers.get(settings.issuer)
        code = _code(provider, query)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": begun.verifier,
        }
        tokens = await self._exchange(provider, settings, form)
        claims = await self._judged(provider, settings, begun, tokens)
        more: dict[str, Any] = {}
        if needs_more(claims, settings.groups_claim):
            more = await self._userinfo(provider, claims, tokens)
        return person(claims, more, settings.groups_claim)

    async def _judged(
        self,
        provider: Provider,
        settings: OidcSettings,
        begun: OidcBegun,
        tokens: dict[str, Any],
    ) -> dict[str, Any]:
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise ForeignTokenError(reason="there is none")
        claims = await self.providers.claims(provider, token)
        now = self.providers.clock().timestamp()
        judge(claims, provider, settings.client_id, now)
        judge_party(claims, settings.client_id)
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise ForeignTokenError(reason='its claim "sub" is missing or odd')
        if not _same(str(claims.get("nonce", "")), begun.nonce):
            raise ForeignTokenError(reason="it was made for another sign-in")
        return claims

    async def _exchange(
        self, provider: Provider, settings: OidcSettings, form: dict[str, str]
    ) -> dict[str, Any]:
        url = _needed(provider.token_endpoint, "token_endpoint")
        credentials, headers = _credentials(provider, settings)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(form | credentials).encode()
        answer = await call(
            self.providers.http, Request(url, "POST", headers=headers, body=body)
        )
        said = json_object(answer.body, url) if answer.body else {}
        if answer.status != OK or "error" in said:
            raise _token_error(said, answer.status)
        return said

    async def _userinfo(
        self, provider: Provider, claims: dict[str, Any], tokens: dict[str, Any]
    ) -> dict[str, Any]:
        url, access = provider.userinfo_endpoint, tokens.get("access_token")
        if not url or not isinstance(access, str):
            return {}
        headers = {"Authorization": f"Bearer {access}", "Accept": "application/json"}
        answer = await call(self.providers.http, Request(url, headers=headers))
        if answer.status != OK:
            problem = f"its user information answers {answer.status}"
            raise ProviderSettingsError(problem=problem)
        found = json_object(answer.body, url)
        if found.get("sub") != claims["sub"]:
            raise ForeignTokenError(reason="the user information is of somebody else")
        return found


def _credentials(
    provider: Provider, settings: OidcSettings
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what goes into the form, and what into the headers."""
    name, secret = settings.client_id, settings.client_secret
    headers = {"Accept": "application/json"}
    if "client_secret_basic" in provider.auth_methods:
        pair = f"{quote_plus(name)}:{quote_plus(secret)}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        return {}, headers
    if "client_secret_post" in provider.auth_methods:
        return {"client_id": name, "client_secret": secret}, headers
    raise ProviderSettingsError(problem="it takes no client secret")


def _code(provider: Provider, query: Mapping[str, str]) -> str:
    named = query.get("iss")
    if named is None and provider.names_itself:
        raise SignInMismatchError
    if named not in (None, provider.issuer):
        raise SignInMismatchError
    if "error" in query:
        raise SignInRefusedError(reason=_words(query))
    code = query.get("code", "")
    if not 0 < len(code) <= _LONGEST_CODE:
        raise SignInMismatchError
    return code


def _token_error(said: dict[str, Any], status: int) -> Exception:
    error = said.get("error")
    if isinstance(error, str) and error in _OUR_MISTAKES:
        return ProviderSettingsError(problem=_OUR_MISTAKES[error])
    if error == "invalid_grant":
        reason = "it does not know the code, or no longer; start again"
        return SignInRefusedError(reason=reason)
    code = error if isinstance(error, str) and _CODE.fullmatch(error) else "no error"
    problem = f"its token endpoint answers {status} with {code}"
    return ProviderSettingsError(problem=problem)


def _words(query: Mapping[str, str]) -> str:
    """Return the provider's own reason: who may not sign in learns why there."""
    error = query["error"] if _CODE.fullmatch(query["error"]) else "unknown error"
    told = query.get("error_description", "")[:_LONGEST_WORDS]
    words = "".join(one if one.isprintable() else " " for one in told).strip()
    return f"{error} ({words})" if words else error


def _needed(endpoint: str | None, name: str) -> str:
    if endpoint is None:
        raise ProviderMetadataError(problem=f'it lacks "{name}"')
    return endpoint


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(
        one.encode(errors="replace"), other.encode(errors="replace")
    )
