"""What a foreign token must say, where no real provider can be made to say it."""

import math

import pytest

from stackyard.adapters.federation.claims import judge
from stackyard.adapters.federation.providers import Provider, base_of
from stackyard.kernel.federation import ForeignTokenError

NOW = 1_900_000_000.0


def provider(issuer: str) -> Provider:
    return Provider.parse({"issuer": issuer, "jwks_uri": "https://a.example/keys"})


@pytest.mark.parametrize("end", [math.nan, math.inf, -math.inf])
def test_a_time_that_is_no_number_is_no_time(end: float) -> None:
    # JSON as Python reads it has numbers that compare as never too late
    claims = {"iss": "https://a.example", "aud": "us", "exp": end}

    with pytest.raises(ForeignTokenError, match="exp"):
        judge(claims, provider("https://a.example"), "us", NOW)


def test_google_may_leave_the_scheme_out_of_its_name_and_nobody_else() -> None:
    google, other = "https://accounts.google.com", "https://accounts.example.com"
    claims = {"aud": "us", "exp": NOW + 60}

    judge({**claims, "iss": google}, provider(google), "us", NOW)
    judge({**claims, "iss": "accounts.google.com"}, provider(google), "us", NOW)
    with pytest.raises(ForeignTokenError, match="issued"):
        judge({**claims, "iss": "accounts.example.com"}, provider(other), "us", NOW)


@pytest.mark.parametrize(
    ("pasted", "base"),
    [
        ("https://a.example", "https://a.example"),
        (" https://a.example/ ", "https://a.example"),
        ("https://a.example/oidc/2", "https://a.example/oidc/2"),
        (
            "https://a.example/v2.0/.well-known/openid-configuration",
            "https://a.example/v2.0",
        ),
    ],
)
def test_an_issuer_is_known_by_what_is_left_of_what_was_pasted(
    pasted: str, base: str
) -> None:
    assert base_of(pasted) == base
