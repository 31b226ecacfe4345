"""ID tokens of machines, that API keys put their trust in."""

from datetime import timedelta
from typing import Any

import pytest
from tests.support.oidc import Office

from stackyard.kernel.federation import (
    ForeignTokenError,
)

MACHINE = "https://stackyard.example"


def machine_claims(office: Office, **others: Any) -> dict[str, Any]:
    claims = {
        "iss": office.provider.base,
        "aud": MACHINE,
        "sub": "repo:acme/infra:ref:refs/heads/main",
        "exp": office.now(300),
        "iat": office.now(),
        "teams": ["ops"],
    }
    said = claims | others
    return {name: value for name, value in said.items() if value is not None}


@pytest.mark.parametrize("aud", [MACHINE, ["another", MACHINE]])
async def test_a_token_of_a_machine_is_read(office: Office, aud: Any) -> None:
    # as those who only issue tokens publish themselves
    await office.provider.quirks(
        discovery={"authorization_endpoint": None, "token_endpoint": None}
    )
    token = await office.provider.mint(machine_claims(office, aud=aud))

    claims = await office.id_tokens.verify(token, office.provider.base + "/", MACHINE)

    assert (claims["sub"], claims["teams"]) == (
        "repo:acme/infra:ref:refs/heads/main",
        ["ops"],
    )


@pytest.mark.parametrize(
    ("others", "sign", "why"),
    [
        ({"aud": "another"}, {}, "somebody else"),
        ({"aud": f"{MACHINE}/"}, {}, "somebody else"),
        ({"aud": None}, {}, "somebody else"),
        ({"iss": "https://evil.example"}, {}, "issued"),
        ({"iss": None}, {}, "issued"),
        ({"exp": 1}, {}, "expired"),
        ({"exp": None}, {}, "exp"),
        ({"nbf": 4_000_000_000}, {}, "not valid yet"),
        ({}, {"tamper": True}, "signature"),
        ({}, {"alg": "none"}, "not signed as"),
        ({}, {"alg": "HS256"}, "not signed as"),
        ({}, {"kid": "third"}, "does not publish"),
        ({}, {"kid": "third", "header": {"kid": "first"}}, "signature"),
    ],
)
async def test_a_token_of_a_machine_that_is_not_quite_right_is_refused(
    office: Office, others: dict[str, Any], sign: dict[str, Any], why: str
) -> None:
    token = await office.provider.mint(machine_claims(office, **others), **sign)

    with pytest.raises(ForeignTokenError, match=why) as caught:
        await office.id_tokens.verify(token, office.provider.base, MACHINE)
    assert "eyJ" not in f"{caught.value} {caught.value.facts}"


async def test_what_is_no_token_is_refused(office: Office) -> None:
    for odd in ("", "a", "a.b.c", "e30.e30.", "é.é.é", "." * 70_000, "W10.e30.AA"):
        with pytest.raises(ForeignTokenError):
            await office.id_tokens.verify(odd, office.provider.base, MACHINE)


async def test_keys_live_as_long_as_they_are_published(office: Office) -> None:
    token = await office.provider.mint(
        machine_claims(office, exp=office.now(9000)), kid="second"
    )
    await office.provider.quirks(publish=["first", "second"])
    await office.id_tokens.verify(token, office.provider.base, MACHINE)

    await office.provider.quirks(publish=["first"])
    office.clock.advance(timedelta(hours=1).total_seconds())
    with pytest.raises(ForeignTokenError, match="does not publish"):
        await office.id_tokens.verify(token, office.provider.base, MACHINE)
