"""Sign-in with OpenID Connect, against a provider that somebody else wrote."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.support.identity_providers import (
    CLIENT_ID,
    Browser,
    oidc_provider,
)
from tests.support.oidc import DISCOVERY, HOME, Office

from stackyard.kernel.federation import (
    EmailMissingError,
    EmailUnverifiedError,
    ForeignTokenError,
    GroupsOverageError,
    Person,
    ProviderSettingsError,
    ProviderUnavailableError,
    SignInMismatchError,
    SignInRefusedError,
)


async def test_a_person_comes_in_with_name_and_groups_as_they_are(
    office: Office,
) -> None:
    assert await office.person() == Person(
        "ada@example.com", "Ada Lovelace", ("DevOps ", "admins")
    )


@pytest.mark.parametrize("pasted", ["/", DISCOVERY, f"{DISCOVERY}/", "  "])
@pytest.mark.parametrize("called", ["", "/"])
async def test_the_provider_is_found_however_its_url_was_pasted(
    office: Office, pasted: str, called: str
) -> None:
    issuer = office.provider.base + called
    await office.provider.quirks(
        discovery={
            "issuer": issuer,
            "authorization_response_iss_parameter_supported": None,
        },
        idToken={"iss": issuer},
    )
    office.settings = replace(office.settings, issuer=office.provider.base + pasted)
    begun = await office.begin()
    query = await office.through(begun)
    del query["iss"]

    assert (await office.finish(begun, query)).login == "ada@example.com"


@pytest.mark.parametrize(
    ("listed", "asked"),
    [
        (["openid", "email", "profile", "groups"], "openid email profile groups"),
        (["openid", "groups"], "openid email groups"),
        (["openid", "offline_access"], "openid email"),
        (None, "openid email"),
    ],
)
async def test_only_scopes_that_the_provider_lists_are_asked_for(
    office: Office, listed: list[str] | None, asked: str
) -> None:
    await office.provider.quirks(discovery={"scopes_supported": listed})

    query = parse_qs(urlsplit((await office.begin()).url).query)

    assert query["scope"] == [asked]


async def test_an_endpoint_that_has_parameters_keeps_them(office: Office) -> None:
    endpoint = f"{office.provider.base}/auth?tenant=one"
    await office.provider.quirks(discovery={"authorization_endpoint": endpoint})

    query = parse_qs(urlsplit((await office.begin()).url).query)

    assert (query["tenant"], query["client_id"]) == (["one"], [CLIENT_ID])


async def test_what_the_token_lacks_is_read_from_the_user_information(
    office: Office,
) -> None:
    await office.provider.quirks(idToken={"email": None, "groups": None, "name": None})

    person = await office.person()

    assert person == Person("ada@example.com", "Ada Lovelace", ("DevOps ", "admins"))


async def test_a_provider_that_keeps_its_tokens_small_is_asked_for_the_rest() -> None:
    with oidc_provider(HOME, thinIdToken=True, groupsScope=True) as provider:
        office = Office.opened(provider)

        person = await office.person()

        assert person.login == "ada@example.com"
        assert person.groups == ("DevOps ", "admins")
        assert (await provider.calls())["/me"] == 1


async def test_the_token_counts_for_more_than_the_user_information(
    office: Office,
) -> None:
    await office.provider.quirks(
        idToken={"groups": None}, userinfo={"email": "root@example.com"}
    )

    assert (await office.person()).login == "ada@example.com"


async def test_user_information_of_somebody_else_is_refused(office: Office) -> None:
    await office.provider.quirks(idToken={"email": None}, userinfo={"sub": "bob"})

    await office.refused(ForeignTokenError, "user information is of somebody else")


async def test_groups_are_not_forgotten_because_the_provider_stumbled(
    office: Office,
) -> None:
    await office.provider.quirks(idToken={"groups": None}, fail={"/me": 403})
    await office.refused(ProviderSettingsError, "403")

    await office.provider.quirks(idToken={"groups": None}, fail={"/me": 502})
    await office.refused(ProviderUnavailableError)


async def test_somebody_of_a_provider_without_groups_has_none(office: Office) -> None:
    assert await office.person("bob") == Person("bob@example.com", "Bob Builder")

    # as Google does
    await office.provider.quirks(
        discovery={"userinfo_endpoint": None}, idToken={"groups": None}
    )
    afresh = Office.opened(office.provider)
    assert (await afresh.person()).groups == ()


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("only one", ("only one",)),
        ("", ()),
        ([], ()),
        (["b", "a", "b", "", 7], ("b", "a")),
    ],
)
async def test_groups_may_be_text_or_a_list(
    office: Office, said: Any, understood: tuple[str, ...]
) -> None:
    await office.provider.quirks(idToken={"groups": said})

    assert (await office.person()).groups == understood


async def test_groups_of_no_known_form_are_no_groups_but_an_error(
    office: Office,
) -> None:
    await office.provider.quirks(idToken={"groups": {"admins": True}})

    await office.refused(ProviderSettingsError, '"groups" is neither')


async def test_groups_may_have_another_name(office: Office) -> None:
    await office.provider.quirks(idToken={"cognito:groups": ["ops"]})
    office.settings = replace(office.settings, groups_claim="cognito:groups")

    assert (await office.person()).groups == ("ops",)


@pytest.mark.parametrize(
    "instead",
    [{"_claim_names": {"groups": "src1"}, "_claim_sources": {}}, {"hasgroups": True}],
)
async def test_too_many_groups_are_an_error_that_says_what_to_change_in_entra(
    office: Office, instead: dict[str, Any]
) -> None:
    await office.provider.quirks(
        idToken={"groups": None, **instead}, userinfo={"groups": None}
    )

    await office.refused(GroupsOverageError, "Groups assigned to the application")


async def test_nobody_comes_in_without_an_email_address(office: Office) -> None:
    await office.refused(EmailMissingError, 'claim "email"', login="eve")

    for odd in (7, ["a@b.example"], "ada", "a b@c.example", "a@b\n.example"):
        await office.provider.quirks(idToken={"email": odd})
        await office.refused(EmailMissingError)


@pytest.mark.parametrize("said", [False, "false"])
async def test_nobody_comes_in_with_an_address_that_is_not_verified(
    office: Office, said: Any
) -> None:
    await office.provider.quirks(idToken={"email_verified": said})
    await office.refused(EmailUnverifiedError, "not verified")

    # nor if only the user information says so
    await office.provider.quirks(
        idToken={"email_verified": None, "groups": None},
        userinfo={"email_verified": said},
    )
    await office.refused(EmailUnverifiedError, "not verified")


async def test_an_address_of_which_nothing_is_said_is_believed(office: Office) -> None:
    await office.provider.quirks(idToken={"email_verified": None})

    assert (await office.person()).login == "ada@example.com"


# what binds a sign-in to the browser that began it


async def test_an_answer_to_another_sign_in_is_refused_unread(office: Office) -> None:
    begun, other = await office.begin(), await office.begin()
    query = await office.through(begun)

    for wrong in (
        query | {"state": other.state},
        query | {"state": ""},
        {"code": query["code"]},
        {"error": "access_denied"},
    ):
        with pytest.raises(SignInMismatchError):
            await office.finish(begun, wrong)
    assert "/token" not in await office.provider.calls()


@pytest.mark.parametrize("nonce", ["another", None, 7])
async def test_a_token_of_another_sign_in_is_refused(
    office: Office, nonce: Any
) -> None:
    await office.provider.quirks(idToken={"nonce": nonce})

    await office.refused(ForeignTokenError, "another sign-in")


async def test_a_code_is_good_only_with_the_verifier_of_its_beginning(
    office: Office,
) -> None:
    begun, other = await office.begin(), await office.begin()
    query = await office.through(begun)

    with pytest.raises(SignInRefusedError, match="start again"):
        await office.finish(replace(begun, verifier=other.verifier), query)


async def test_a_code_is_good_once(office: Office) -> None:
    begun = await office.begin()
    query = await office.through(begun)
    await office.finish(begun, query)

    with pytest.raises(SignInRefusedError, match="start again"):
        await office.finish(begun, query)


async def test_an_answer_that_names_another_provider_is_refused(
    office: Office,
) -> None:
    begun = await office.begin()
    query = await office.through(begun)

    with pytest.raises(SignInMismatchError):
        await office.finish(begun, query | {"iss": "https://evil.example"})
    without = {name: value for name, value in query.items() if name != "iss"}
    with pytest.raises(SignInMismatchError):
        await office.finish(begun, without)
    assert "/token" not in await office.provider.calls()


async def test_who_the_provider_turns_away_is_told_its_reason(office: Office) -> None:
    begun = await office.begin()
    browser = Browser(office.provider, HOME)
    query = await browser.sign_in(begun.url, password="wrong")  # noqa: S106

    with pytest.raises(SignInRefusedError, match=r"access_denied \(wrong login"):
        await office.finish(begun, query)
    with pytest.raises(SignInRefusedError, match=r"unknown error$") as caught:
        await office.finish(
            begun, query | {"error": "<b>", "error_description": "\n" * 999}
        )
    assert "<" not in str(caught.value)
