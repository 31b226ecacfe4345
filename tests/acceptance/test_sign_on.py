"""People come by real identity providers, through our own routes."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pyotp
import pytest
from sqlalchemy import text
from tests.support.edge import ADMIN, Edge
from tests.support.identity_providers import (
    CLIENT_ID,
    CLIENT_SECRET,
    Browser,
    IdentityProvider,
    oidc_provider,
    saml_provider,
)

from stackyard.adapters.federation import OidcSignIn, Providers, SamlSignIn
from stackyard.adapters.outbound import GuardedHttp
from stackyard.adapters.postgres import Database
from stackyard.identity import Known, LoginPolicies, Verdict
from stackyard.identity import Providers as SignOnProviders
from stackyard.kernel.access import SYSTEM, Grant, Level
from stackyard.kernel.caller import Place
from stackyard.kernel.clock import system_clock
from stackyard.kernel.ids import LEGACY, ROOT
from stackyard.kernel.site import Site
from stackyard.spaces import Holder, HolderKind

SITE = Site("https://stackyard.example", "acme")
OWN = {"x-stackyard-csrf": "1"}
SET_OIDC = """mutation($input: SignOnOidcInput!) { signOnSetOidc(input: $input) {
  trialUrl active { method } trial { issuer clientId } } }"""
SET_SAML = """mutation($input: SignOnSamlInput!) { signOnSetSaml(input: $input) {
  trialUrl trial { metadata nameIdFormat } } }"""
SHOW = "{ signOn { active { method issuer } trial { method } } }"


@dataclass
class OwnPolicy(LoginPolicies):
    """Stands for the login policies of a later chapter."""

    verdict: Verdict = field(default_factory=Verdict)
    asked: list[str] = field(default_factory=list)

    async def decide(self, who: Known, place: Place, *, member: bool) -> Verdict:
        assert member
        self.asked.append(who.login)
        return self.verdict


@dataclass
class Person:
    """Somebody's browser: cookies for us, and a way through the provider."""

    edge: Edge
    provider: IdentityProvider
    client: httpx.AsyncClient

    async def sign_in_as_admin(self) -> None:
        said = {"username": ADMIN.username, "password": ADMIN.password}
        answer = await self.client.post("/session", json=said)
        assert answer.status_code == 204

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        answer = await self.client.post(
            "/graphql", json={"query": query, "variables": variables}, headers=OWN
        )
        said: dict[str, Any] = answer.json()
        return said

    async def come(
        self, login: str = "ada", *, trial: bool = False, return_to: str = "/"
    ) -> httpx.Response:
        """Go the whole way; return our last answer."""
        query = {"return_to": return_to} | ({"trial": "1"} if trial else {})
        begun = await self.client.get("/sso", params=query)
        assert begun.status_code == 303, begun.text
        browser = Browser(self.provider, SITE.base_url)
        said = await browser.sign_in(begun.headers["location"], login)
        if "SAMLResponse" in said:
            return await self.saml(said)
        return await self.client.get("/oidc/exchange", params=said)

    async def saml(self, form: dict[str, str]) -> httpx.Response:
        # another site's form: the browser sends none of our cookies with it
        kept = self.client.cookies
        self.client.cookies = httpx.Cookies()
        answer = await self.client.post("/saml/acs", data=form)
        self.client.cookies = kept
        if answer.status_code != 303:
            return answer
        return await self.client.get(answer.headers["location"])

    async def session(self) -> dict[str, Any] | None:
        answer = await self.client.get("/session")
        return None if answer.status_code == 401 else dict(answer.json())


@dataclass
class House:
    edge: Edge
    provider: IdentityProvider
    policy: OwnPolicy

    @asynccontextmanager
    async def person(self) -> AsyncIterator[Person]:
        async with self.edge.client() as client:
            yield Person(self.edge, self.provider, client)

    async def set_up(self) -> None:
        """Be set up by an administrator, who tries the provider out as ada."""
        async with self.person() as admin:
            await admin.sign_in_as_admin()
            answer = await admin.ask(SET_OIDC, input=self.oidc())
            assert "errors" not in answer, answer
            assert (await admin.come("ada", trial=True)).status_code == 303

    def oidc(self) -> dict[str, str]:
        return {
            "issuer": self.provider.base,
            "clientId": CLIENT_ID,
            "clientSecret": CLIENT_SECRET,
        }


def house_at(database: Database, provider: IdentityProvider) -> House:
    http = GuardedHttp.guard(
        allowed_networks=["127.0.0.0/8"], tls=provider.tls.trusted()
    )
    policy = OwnPolicy()
    edge = Edge(
        database,
        site=SITE,
        providers=SignOnProviders(
            OidcSignIn(Providers(http, system_clock)),
            SamlSignIn(SITE, http, system_clock),
        ),
        policies=policy,
    )
    edge.clock.now = system_clock()
    return House(edge, provider, policy)


@pytest.fixture(scope="module")
def oidc() -> Iterator[IdentityProvider]:
    with oidc_provider(f"{SITE.base_url}/oidc/exchange") as provider:
        yield provider


@pytest.fixture(scope="module")
def saml() -> Iterator[IdentityProvider]:
    acs, entity = f"{SITE.base_url}/saml/acs", f"{SITE.base_url}/saml/metadata"
    with saml_provider(acs, entity) as provider:
        yield provider


@pytest.fixture
async def house(database: Database, oidc: IdentityProvider) -> House:
    house = house_at(database, oidc)
    await house.edge.prepare()
    return house


async def test_a_provider_is_in_use_once_an_administrator_came_in_by_it(
    house: House,
) -> None:
    async with house.person() as admin, house.person() as stranger:
        assert (await stranger.client.get("/sso")).headers["location"] == "/"
        await admin.sign_in_as_admin()
        said = (await admin.ask(SET_OIDC, input=house.oidc()))["data"]["signOnSetOidc"]
        assert said["active"] is None
        assert said["trialUrl"].startswith(f"{SITE.base_url}/sso?trial=1")
        refused = await stranger.client.get("/sso", params={"trial": "1"})
        assert refused.status_code == 403
        key, secret = await house.edge.key(admin=False)
        proof = {"id": key.id, "secret": secret}
        await stranger.client.post("/session/key", json=proof)
        refused = await stranger.client.get("/sso", params={"trial": "1"})
        assert refused.status_code == 403, "known, but no administrator"

        back = await admin.come("ada", trial=True, return_to="/settings")

        assert (back.status_code, back.headers["location"]) == (303, "/settings")
        session = await admin.session()
        assert session == {
            "name": "ada@example.com",
            "admin": True,
            "method": "OIDC",
            "second_factor": "NOT_NEEDED",
        }
        shown = (await admin.ask(SHOW))["data"]["signOn"]
        assert shown["active"] == {"method": "OIDC", "issuer": house.provider.base}
        assert shown["trial"] is None


async def test_settings_that_do_not_work_lock_nobody_out(house: House) -> None:
    await house.set_up()
    async with house.person() as admin:
        await admin.come("ada")
        wrong = house.oidc() | {"clientSecret": "mistaken"}
        await admin.ask(SET_OIDC, input=wrong)
        failed = await admin.come("ada", trial=True)
        assert failed.status_code == 403
        assert "client secret is wrong" in failed.text
        assert "mistaken" not in failed.text
        assert (await admin.come("ada")).status_code == 303


async def test_nobody_comes_in_who_was_not_let(house: House) -> None:
    await house.set_up()
    async with house.person() as bob:
        refused = await bob.come("bob")
        assert refused.status_code == 403
        assert "nobody has given you leave" in refused.text
        assert await bob.session() is None


async def test_an_invitation_lets_in_for_a_day(house: House) -> None:
    await house.set_up()
    async with house.edge.unit() as unit:
        invitation = await unit.people.invite(
            username="bob@example.com", email=None, by=SYSTEM
        )
        holder = Holder(HolderKind.USER, invitation.user.id)
        await unit.bindings.set_rules(holder, {LEGACY: Level.WRITE}, by=SYSTEM)
    async with house.person() as bob:
        link = {"token": invitation.secret}
        led = await bob.client.get("/invitation", params=link)
        assert led.headers["location"] == "/sso"
        assert (await bob.come("bob")).status_code == 303
        answer = await bob.ask("{ spaces { id accessLevel } }")
        assert answer["data"]["spaces"] == [
            {"id": "legacy", "accessLevel": "WRITE"},
            {"id": "root", "accessLevel": "READ"},
        ]
        over = await bob.client.get("/invitation", params=link)
        assert over.status_code == 404
    async with house.edge.unit() as unit:
        await unit.people.delete(invitation.user.id, by=SYSTEM)
        late = await unit.people.invite(
            username="bob@example.com", email=None, by=SYSTEM
        )
    house.edge.clock.advance(24 * 3600)
    async with house.person() as bob:
        assert (await bob.come("bob")).status_code == 403
        async with house.edge.unit() as unit:
            await unit.people.invite_again(late.user.id, by=SYSTEM)
        assert (await bob.come("bob")).status_code == 303


async def test_a_mapped_group_lets_in_by_its_exact_name(house: House) -> None:
    await house.set_up()
    async with house.edge.unit() as unit:
        user = await unit.people.list(by=SYSTEM)
        await unit.people.delete(user[0].id, by=SYSTEM)
        await unit.groups.create(name="DevOps", description=None, by=SYSTEM)
    async with house.person() as ada:
        assert (await ada.come("ada")).status_code == 403
        async with house.edge.unit() as unit:
            group = await unit.groups.create(
                name="DevOps ", description=None, by=SYSTEM
            )
            holder = Holder(HolderKind.GROUP, group.id)
            await unit.bindings.set_rules(holder, {ROOT: Level.READ}, by=SYSTEM)
        assert (await ada.come("ada")).status_code == 303
        answer = await ada.ask('{ space(id: "root") { accessLevel } }')
        assert answer["data"]["space"] == {"accessLevel": "READ"}


async def test_an_answer_is_good_once_and_only_for_the_browser_that_asked(
    house: House,
) -> None:
    await house.set_up()
    async with house.person() as ada, house.person() as thief:
        begun = await ada.client.get("/sso")
        browser = Browser(house.provider, SITE.base_url)
        said = await browser.sign_in(begun.headers["location"], "ada")

        stolen = await thief.client.get("/oidc/exchange", params=said)
        late = await ada.client.get("/oidc/exchange", params=said)

        assert (stolen.status_code, late.status_code) == (403, 403)
        assert await thief.session() is None


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"],
)
async def test_nobody_is_sent_elsewhere_after_signing_in(
    house: House, elsewhere: str
) -> None:
    await house.set_up()
    async with house.person() as ada:
        back = await ada.come("ada", return_to=elsewhere)
        assert back.headers["location"] == "/"


async def test_signing_in_makes_another_session(house: House) -> None:
    await house.set_up()
    async with house.person() as ada:
        await ada.come("ada")
        old = ada.client.cookies["stackyard_session"]
        await ada.come("ada")
        assert ada.client.cookies["stackyard_session"] != old
        ada.client.cookies.set("stackyard_session", old, domain="stackyard.example")
        assert await ada.edge.sessions.find(old) is None


async def test_saml_signs_in_by_a_form_of_another_site(
    database: Database, saml: IdentityProvider
) -> None:
    house = house_at(database, saml)
    await house.edge.prepare()
    metadata = {"metadata": f"{saml.base}/metadata", "nameIdFormat": "EMAIL_ADDRESS"}
    async with house.person() as admin:
        await admin.sign_in_as_admin()
        answer = await admin.ask(SET_SAML, input=metadata)
        assert "errors" not in answer, answer
        assert (await admin.come("ada", trial=True)).status_code == 303
        assert (await admin.session() or {})["method"] == "SAML"

        begun = await admin.client.get("/sso")
        browser = Browser(saml, SITE.base_url)
        form = await browser.sign_in(begun.headers["location"], "ada")
        assert (await admin.saml(form)).status_code == 303
        again = await admin.client.post("/saml/acs", data=form)
        assert again.headers["location"] == "/sso", "it answers nothing any more"

        # identity.md §9, check 14: from the provider's own page
        async with house.person() as stranger:
            unasked = await stranger.client.post(
                "/saml/acs", data={"SAMLResponse": form["SAMLResponse"]}
            )
            assert unasked.headers["location"] == "/sso"
        shown = await admin.client.get("/saml/metadata")
        assert f"{SITE.base_url}/saml/acs" in shown.text


async def test_a_login_policy_decides_but_not_about_the_providers_administrator(
    house: House,
) -> None:
    await house.set_up()
    async with house.person() as admin, house.person() as bob:
        await admin.sign_in_as_admin()
        switch = "mutation { accountSetManagementStrategy(strategy: LOGIN_POLICY) {"
        await admin.ask(f"{switch} managementStrategy }} }}")
        house.policy.verdict = Verdict(
            allow=True, grants=(Grant(LEGACY, "space-reader"),), teams=("Ops",)
        )
        assert (await bob.come("bob")).status_code == 303
        answer = await bob.ask("{ spaces { id accessLevel } }")
        assert answer["data"]["spaces"][0] == {"id": "legacy", "accessLevel": "READ"}
        house.policy.verdict = Verdict()
        assert (await bob.come("bob")).status_code == 403
        assert (await admin.come("ada")).status_code == 303
        assert house.policy.asked == ["bob@example.com", "bob@example.com"]


async def test_a_switch_of_the_strategy_ends_all_sessions_but_ones_own(
    house: House,
) -> None:
    await house.set_up()
    async with house.person() as admin, house.person() as ada:
        await admin.sign_in_as_admin()
        await ada.come("ada")
        assert await ada.session()
        switch = "mutation { accountSetManagementStrategy(strategy: LOGIN_POLICY) {"
        await admin.ask(f"{switch} managementStrategy }} }}")
        assert await admin.session()
        assert await ada.session() is None


async def test_giving_single_sign_on_up_ends_its_sessions_at_once(
    house: House,
) -> None:
    await house.set_up()
    async with house.person() as admin, house.person() as ada:
        await admin.sign_in_as_admin()
        await ada.come("ada")
        await admin.ask("mutation { signOnRemove { active { method } } }")
        assert await ada.session() is None
        assert (await ada.client.get("/sso")).headers["location"] == "/"
        listed = await admin.ask("{ managedUsers { username status ssoAdmin } }")
        assert listed["data"]["managedUsers"] == [
            {"username": "ada@example.com", "status": "INACTIVE", "ssoAdmin": False}
        ]


async def test_a_second_factor_is_asked_for_and_completes_the_session(
    house: House,
) -> None:
    await house.set_up()
    base = "/session/second-factor"
    async with house.person() as admin, house.person() as ada:
        await admin.sign_in_as_admin()
        await ada.come("ada")
        enforce = "mutation { accountEnforceSecondFactor(enforced: true) {"
        await admin.ask(f"{enforce} secondFactorEnforced }} }}")
        assert await ada.session() is None, "others start again"

        await ada.come("ada")
        assert (await ada.session() or {})["second_factor"] == "TO_ENROL"
        assert (await ada.ask("{ viewer { id } }"))["data"]["viewer"] is None
        app = (await ada.client.post(f"{base}/app", headers=OWN)).json()
        code = pyotp.TOTP(app["secret"]).at(int(house.edge.clock().timestamp()))
        wrong = await ada.client.post(
            f"{base}/app/confirm", json={"code": "000000"}, headers=OWN
        )
        assert wrong.status_code == 401
        done = await ada.client.post(
            f"{base}/app/confirm", json={"code": code}, headers=OWN
        )
        codes = done.json()["backup_codes"]
        assert (await ada.ask("{ viewer { id } }"))["data"]["viewer"] is not None
        kept = await ada.client.delete(f"{base}/app", headers=OWN)
        assert kept.status_code == 409, "the last one stays while it is enforced"

        await ada.come("ada")
        assert (await ada.session() or {})["second_factor"] == "WANTED"
        before = ada.client.cookies["stackyard_session"]
        for said, status in [(code, 401), (codes[0], 204)]:
            answer = await ada.client.post(
                f"{base}/code", json={"code": said}, headers=OWN
            )
            assert answer.status_code == status
        assert ada.client.cookies["stackyard_session"] != before
        assert (await ada.ask("{ viewer { id } }"))["data"]["viewer"] is not None

        await ada.come("ada")
        again = await ada.client.post(
            f"{base}/code", json={"code": codes[0]}, headers=OWN
        )
        assert again.status_code == 401, "a backup code is good once"


async def test_codes_cannot_be_guessed_one_after_the_other(house: House) -> None:
    await house.set_up()
    base = "/session/second-factor"
    async with house.person() as ada:
        await ada.come("ada")
        app = (await ada.client.post(f"{base}/app", headers=OWN)).json()
        totp = pyotp.TOTP(app["secret"])
        now = int(house.edge.clock().timestamp())
        confirmed = {"code": totp.at(now)}
        await ada.client.post(f"{base}/app/confirm", json=confirmed, headers=OWN)
        await ada.come("ada")
        for _ in range(10):
            await ada.client.post(f"{base}/code", json={"code": "1"}, headers=OWN)
        house.edge.clock.advance(60)
        right = {"code": totp.at(int(house.edge.clock().timestamp()))}
        answer = await ada.client.post(f"{base}/code", json=right, headers=OWN)
        assert answer.status_code == 401
        assert "too many tries" in answer.text.lower()
    async with house.edge.database.transaction() as session:
        kept = text("SELECT count(*) FROM audit_entries WHERE action = 'login.fail'")
        assert await session.scalar(kept) == 10, "each refused code is a line"
