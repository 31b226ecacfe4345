"""What is believed of an ID token, and of the keys it is signed with."""

import math
from typing import Any

import pytest
from tests.support.identity_providers import (
    CLIENT_ID,
)
from tests.support.oidc import DISCOVERY, Office

from stackyard.kernel.federation import (
    ForeignTokenError,
)


@pytest.mark.parametrize("said", [{"tamper": True}, {"kid": "second"}])
async def test_a_token_with_a_wrong_signature_is_refused(
    office: Office, said: dict[str, Any]
) -> None:
    # the second key is another's, under the name of the first
    named = {"header": {"kid": "first"}}
    await office.provider.quirks(sign=said | named, publish=["first"])

    await office.refused(ForeignTokenError, "signature is wrong")


@pytest.mark.parametrize("alg", ["none", "None", "HS256", "ES256", "EdDSA", "PS256"])
async def test_a_token_signed_as_the_provider_does_not_sign_is_refused(
    office: Office, alg: str
) -> None:
    kid = "elliptic" if alg == "ES256" else "first"
    sign = {"alg": "none" if alg == "EdDSA" else alg, "kid": kid}
    sign["header"] = {"alg": alg}  # type: ignore[assignment]
    await office.provider.quirks(
        sign=sign, discovery={"id_token_signing_alg_values_supported": ["RS256"]}
    )

    await office.refused(ForeignTokenError, "not signed as the provider says")


@pytest.mark.parametrize("alg", ["none", "HS256"])
async def test_no_provider_makes_us_take_a_token_that_anybody_can_sign(
    office: Office, alg: str
) -> None:
    await office.provider.quirks(
        sign={"alg": alg, "kid": "first"},
        discovery={"id_token_signing_alg_values_supported": ["RS256", alg]},
    )

    await office.refused(ForeignTokenError, "not signed as the provider says")


@pytest.mark.parametrize(
    ("alg", "kid"), [("RS256", "first"), ("PS256", "first"), ("ES256", "elliptic")]
)
async def test_a_token_signed_as_the_provider_says_is_taken(
    office: Office, alg: str, kid: str
) -> None:
    await office.provider.quirks(
        sign={"alg": alg, "kid": kid},
        discovery={"id_token_signing_alg_values_supported": [alg]},
    )

    assert (await office.person()).login == "ada@example.com"


async def test_a_provider_that_lists_no_algorithms_has_the_common_one(
    office: Office,
) -> None:
    await office.provider.quirks(
        discovery={"id_token_signing_alg_values_supported": None}
    )

    assert (await office.person()).login == "ada@example.com"


@pytest.mark.parametrize("aud", [[CLIENT_ID], CLIENT_ID])
async def test_one_audience_may_be_a_list(office: Office, aud: Any) -> None:
    await office.provider.quirks(idToken={"aud": aud})

    assert (await office.person()).login == "ada@example.com"


@pytest.mark.parametrize("aud", ["another", ["another"], [], None, 7, "stackyard2"])
async def test_a_token_for_somebody_else_is_refused(office: Office, aud: Any) -> None:
    await office.provider.quirks(idToken={"aud": aud})

    await office.refused(ForeignTokenError, "meant for somebody else")


async def test_a_token_for_several_must_be_made_for_us(office: Office) -> None:
    several = {"aud": [CLIENT_ID, "another"]}
    await office.provider.quirks(idToken=several)
    await office.refused(ForeignTokenError, "does not say for whom")

    await office.provider.quirks(idToken={**several, "azp": "another"})
    await office.refused(ForeignTokenError, "made for another client")

    await office.provider.quirks(idToken={"azp": "another"})
    await office.refused(ForeignTokenError, "made for another client")

    await office.provider.quirks(idToken={**several, "azp": CLIENT_ID})
    assert (await office.person()).login == "ada@example.com"


@pytest.mark.parametrize("iss", ["https://evil.example", None, "/"])
async def test_a_token_of_another_issuer_is_refused(office: Office, iss: Any) -> None:
    said = office.provider.base + iss if iss == "/" else iss
    await office.provider.quirks(idToken={"iss": said})

    await office.refused(ForeignTokenError, "somebody else issued it")


async def test_clocks_may_differ_by_a_minute_and_no_more(office: Office) -> None:
    for name, seconds, why in (
        ("exp", -65, "expired"),
        ("nbf", 65, "not valid yet"),
        ("iat", 65, "not valid yet"),
    ):
        await office.provider.quirks(idToken={name: office.now(seconds)})
        await office.refused(ForeignTokenError, why)

        nearly = math.copysign(55, seconds)
        await office.provider.quirks(idToken={name: office.now(nearly)})
        assert (await office.person()).login == "ada@example.com"


@pytest.mark.parametrize("name", ["exp", "iat", "sub"])
@pytest.mark.parametrize("said", [None, "", True, [1]])
async def test_a_token_that_leaves_out_what_it_must_say_is_refused(
    office: Office, name: str, said: Any
) -> None:
    await office.provider.quirks(idToken={name: said})

    await office.refused(ForeignTokenError, f'"{name}" is missing or odd')


async def test_an_answer_without_a_token_is_refused(office: Office) -> None:
    await office.provider.quirks(tokenAnswer={"id_token": None})
    await office.refused(ForeignTokenError, "there is none")

    for odd in ("a.b.c", "a.b", "eyJhbGciOiJSUzI1NiJ9.e30." + "A" * 70_000):
        await office.provider.quirks(tokenAnswer={"id_token": odd})
        await office.refused(ForeignTokenError)


# keys


async def test_a_provider_that_changes_its_key_is_asked_once(office: Office) -> None:
    await office.person()
    office.minutes_later(2)
    await office.provider.quirks(publish=["second"], sign={"kid": "second"})

    assert (await office.person()).login == "ada@example.com"
    assert (await office.person()).login == "ada@example.com"

    assert (await office.provider.calls())["/jwks"] == 1


async def test_an_invented_key_does_not_make_us_ask_again_and_again(
    office: Office,
) -> None:
    await office.person()
    office.minutes_later(2)
    await office.provider.quirks(sign={"kid": "third"})

    for _ in range(3):
        await office.refused(ForeignTokenError, "does not publish")
    assert (await office.provider.calls())["/jwks"] == 1

    office.minutes_later(2)
    await office.refused(ForeignTokenError, "does not publish")
    assert (await office.provider.calls())["/jwks"] == 2


async def test_what_a_provider_publishes_is_read_once_an_hour(office: Office) -> None:
    for _ in range(3):
        await office.person()
    calls = await office.provider.calls()
    assert (calls[DISCOVERY], calls["/jwks"]) == (1, 1)

    office.minutes_later(61)
    await office.provider.quirks(idToken={"exp": office.now(600)})
    await office.person()
    calls = await office.provider.calls()
    assert (calls[DISCOVERY], calls["/jwks"]) == (1, 1)


async def test_a_token_that_names_no_key_is_tried_with_each(office: Office) -> None:
    await office.provider.quirks(
        publish=["elliptic", "second", "first"],
        sign={"kid": "first", "header": {"kid": None}},
    )

    assert (await office.person()).login == "ada@example.com"
