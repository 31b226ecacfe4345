"""People come by a real identity provider, with a browser and a security key."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.support.identity_providers import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    IdentityProvider,
    oidc_provider,
    saml_provider,
)
from tests.support.platform import ADMIN, Platform, bare_platform
from tests.support.platform import PASSWORD as OPERATORS

PATIENCE_MS = 30_000


@dataclass
class House:
    """The platform at a name that security keys accept, and who vouches for people."""

    platform: Platform
    oidc: IdentityProvider
    saml: IdentityProvider
    browser: Browser

    @property
    def base(self) -> str:
        return f"http://localhost:{self.platform.http_port}"

    def person(self) -> Page:
        context = self.browser.new_context(base_url=self.base, ignore_https_errors=True)
        context.set_default_timeout(PATIENCE_MS)
        return context.new_page()


@pytest.fixture(scope="module")
def house(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    with bare_platform() as platform:
        base = f"http://localhost:{platform.http_port}"
        with (
            oidc_provider(f"{base}/oidc/exchange") as oidc,
            saml_provider(f"{base}/saml/acs", f"{base}/saml/metadata") as saml,
        ):
            trusted = tmp_path_factory.mktemp("trust") / "providers.pem"
            trusted.write_bytes(oidc.tls.certificate.read_bytes())
            platform.settings |= {
                "SERVER_DOMAIN": base.removeprefix("http://"),
                "SSL_CERT_FILE": str(trusted),
                "STACKYARD_OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8",
            }
            platform.start_all(workers=0)
            yield House(platform, oidc, saml, browser)


def sign_in_as_operator(page: Page) -> None:
    page.goto("/settings/sign-in")
    page.get_by_label("User name").fill(ADMIN)
    page.get_by_label("Password").fill(OPERATORS)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Single sign-on")).to_be_visible()


def prove_at_provider(page: Page, login: str = "ada") -> None:
    page.locator("input[name=login]").fill(login)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form button, form input[type=submit]").first.click()


def send_form(page: Page) -> None:
    """Do what a script of most SAML providers does; this one has none."""
    page.wait_for_selector("input[name=SAMLResponse]", state="attached")
    page.evaluate("document.forms[0].submit()")


def set_up_oidc(house: House, page: Page) -> None:
    page.get_by_role("button", name="Set up OpenID Connect").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Issuer").fill(house.oidc.base)
    dialog.get_by_label("Client ID").fill(CLIENT_ID)
    dialog.get_by_label("Client secret").fill(CLIENT_SECRET)
    dialog.get_by_role("button", name="Save for a trial").click()
    page.get_by_role("link", name="Try OIDC").click()
    prove_at_provider(page)
    expect(page.get_by_role("link", name="ada@example.com")).to_be_visible()


def test_an_administrator_sets_openid_connect_up_and_a_person_comes_with_a_key(
    house: House,
) -> None:
    admin, ada = house.person(), house.person()
    sign_in_as_operator(admin)
    set_up_oidc(house, admin)

    ada.goto("/")
    ada.get_by_role("link", name="Sign in with your identity provider").click()
    prove_at_provider(ada)
    ada.get_by_role("link", name="ada@example.com").click()
    cdp = ada.context.new_cdp_session(ada)
    cdp.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "usb"}
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    ada.get_by_label("Name of the security key").fill("Yubi")
    ada.get_by_role("button", name="Register a security key").click()
    expect(ada.get_by_role("button", name="Remove Yubi")).to_be_visible()

    ada.get_by_role("button", name="Sign out").click()
    ada.get_by_role("link", name="Sign in with your identity provider").click()
    again = ada.locator("input[name=login]")
    key = ada.get_by_role("button", name="Use a security key")
    expect(again.or_(key).first).to_be_visible()
    if again.is_visible():
        prove_at_provider(ada)
    expect(ada.get_by_role("heading", name="One more step")).to_be_visible()
    key.click()
    expect(ada.get_by_role("button", name="Sign out")).to_be_visible()
    expect(ada.get_by_role("link", name="ada@example.com")).to_be_visible()


def test_the_command_line_is_asked_about_after_signing_in(house: House) -> None:
    page = house.person()
    page.goto("/cli_login?key=AAAA&port=1")
    expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()


def test_saml_brings_people_back_by_a_form_of_the_providers(house: House) -> None:
    admin, bob = house.person(), house.person()
    sign_in_as_operator(admin)
    admin.get_by_role("button", name="Set up SAML").click()
    dialog = admin.get_by_role("dialog")
    metadata = httpx.get(
        f"{house.saml.base}/metadata", verify=house.saml.tls.trusted(), timeout=10
    )
    dialog.get_by_label("metadata").fill(metadata.text)
    dialog.get_by_role("button", name="Save for a trial").click()
    admin.get_by_role("link", name="Try SAML").click()
    prove_at_provider(admin)
    send_form(admin)
    expect(admin.get_by_role("button", name="Sign out")).to_be_visible(
        timeout=PATIENCE_MS
    )

    bob.goto("/")
    bob.get_by_role("link", name="Sign in with your identity provider").click()
    prove_at_provider(bob, "bob")
    send_form(bob)
    expect(bob.get_by_text("nobody has given you leave")).to_be_visible()
