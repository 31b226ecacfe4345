"""What a foreign token must say before it is believed, and whom it then names."""

import math
from collections.abc import Mapping
from typing import Any, Final

from stackyard.adapters.federation.providers import Provider
from stackyard.kernel.federation import (
    EmailMissingError,
    EmailUnverifiedError,
    ForeignTokenError,
    GroupsOverageError,
    Person,
    ProviderSettingsError,
)

SKEW_SECONDS: Final = 60
_LONGEST_EMAIL: Final = 320
_LONGEST_NAME: Final = 200
# Google's tokens have named it without a scheme, and its documentation still says so
_ALSO_CALLED: Final = {"https://accounts.google.com": "accounts.google.com"}

Claims = Mapping[str, Any]


def judge(claims: Claims, provider: Provider, audience: str, now: float) -> None:
    """Refuse a token of somebody else, for somebody else, or of another time."""
    known = {provider.issuer, _ALSO_CALLED.get(provider.issuer, provider.issuer)}
    if claims.get("iss") not in known:
        raise ForeignTokenError(reason="somebody else issued it")
    if audience not in _audiences(claims):
        raise ForeignTokenError(reason="it is meant for somebody else")
    if _seconds(claims, "exp") <= now - SKEW_SECONDS:
        raise ForeignTokenError(reason="it has expired")
    for name in ("nbf", "iat"):
        if name in claims and _seconds(claims, name) > now + SKEW_SECONDS:
            raise ForeignTokenError(reason="it is not valid yet; compare the clocks")


def judge_party(claims: Claims, client_id: str) -> None:
    """Refuse a token that was made for another client, though it names us, too."""
    party = claims.get("azp")
    if party is None and len(_audiences(claims)) > 1:
        raise ForeignTokenError(reason="it is for several, and does not say for whom")
    if party not in (None, client_id):
        raise ForeignTokenError(reason="it was made for another client")
    _seconds(claims, "iat")


def needs_more(claims: Claims, groups_claim: str) -> bool:
    """Say whether the provider should be asked who this is, beside the token."""
    return not claims.get("email") or groups_claim not in claims


def person(signed: Claims, more: Claims, groups_claim: str) -> Person:
    """Return whom the claims name; those of the token count for more."""
    claims = {**more, **signed}
    email = signed.get("email") or more.get("email")
    if not isinstance(email, str) or not _is_address(email):
        raise EmailMissingError
    for each in (signed, more):
        # Cognito says it in words
        if each.get("email_verified") in (False, "false", "False"):
            raise EmailUnverifiedError
    return Person(email, _name(claims), _groups(claims, groups_claim))


def _groups(claims: Claims, name: str) -> tuple[str, ...]:
    found = claims.get(name)
    if found is None and _are_elsewhere(claims):
        raise GroupsOverageError
    listed = [found] if isinstance(found, str) else found or []
    if not isinstance(listed, list):
        problem = f'its claim "{name[:100]}" is neither text nor a list of texts'
        raise ProviderSettingsError(problem=problem)
    texts = (one for one in listed if isinstance(one, str) and one)
    return tuple(dict.fromkeys(texts))


def _are_elsewhere(claims: Claims) -> bool:
    """Say whether Entra has left the groups out, since they are too many."""
    names = claims.get("_claim_names")
    left_out = isinstance(names, dict) and "groups" in names
    return left_out or claims.get("hasgroups") in (True, "true")


def _name(claims: Claims) -> str:
    parts = [claims.get("name")]
    if not parts[0]:
        parts = [claims.get("given_name"), claims.get("family_name")]
    return " ".join(part for part in parts if isinstance(part, str))[:_LONGEST_NAME]


def _is_address(text: str) -> bool:
    name, at, host = text.rpartition("@")
    sound = text.isprintable() and " " not in text and len(text) <= _LONGEST_EMAIL
    return sound and bool(name and at and host)


def _audiences(claims: Claims) -> list[Any]:
    found = claims.get("aud")
    return found if isinstance(found, list) else [found]


def _seconds(claims: Claims, name: str) -> float:
    value = claims.get(name)
    odd = not isinstance(value, int | float) or isinstance(value, bool)
    # not a number is never too late
    if odd or not math.isfinite(value):  # type: ignore[arg-type]
        raise ForeignTokenError(reason=f'its claim "{name}" is missing or odd')
    return float(value)  # type: ignore[arg-type]
