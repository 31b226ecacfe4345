"""Security keys as Chromium uses them: the page asks, a virtual key answers."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Error, Page

from stackyard.adapters.second_factor import WebAuthnPasskeys
from stackyard.kernel.second_factor import Challenge, Passkey, PasskeyError
from stackyard.kernel.site import Site

LOGIN = "ada@example.com"
USER = b"01JABCDEFGHJKMNPQRSTVWXYZ0"
CREATE = """async (options) => {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
  return JSON.stringify((await navigator.credentials.create({ publicKey })).toJSON())
}"""
GET = """async (options) => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
  return JSON.stringify((await navigator.credentials.get({ publicKey })).toJSON())
}"""


class Blank(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>blank</title>")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
        pass


@dataclass
class Person:
    """Somebody with a browser and a key in its port."""

    page: Page
    cdp: CDPSession
    passkeys: WebAuthnPasskeys
    known: list[Passkey] = field(default_factory=list)
    authenticator: str = ""

    def plug_in(self, protocol: str = "ctap2") -> None:
        options = {"protocol": protocol, "transport": "usb"}
        made = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.authenticator = made["authenticatorId"]

    def ask(self, script: str, challenge: Challenge) -> str:
        answer: str = self.page.evaluate(script, json.loads(challenge.options))
        return answer

    def register(self) -> Passkey:
        challenge = self.passkeys.begin_registration(
            USER, "ada@example.com", self.known
        )
        answer = self.ask(CREATE, challenge)
        made = self.passkeys.finish_registration(challenge.expected, answer)
        self.known.append(made)
        return made

    def proof(self) -> tuple[Challenge, str]:
        challenge = self.passkeys.begin_proof(self.known)
        return challenge, self.ask(GET, challenge)

    def prove(self) -> Passkey:
        challenge, answer = self.proof()
        used = self.passkeys.finish_proof(challenge.expected, answer, self.known)
        self.known = [used if one.id == used.id else one for one in self.known]
        return used


@pytest.fixture
def person(browser: Browser) -> Iterator[Person]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Blank)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    site = Site(f"http://localhost:{server.server_port}", "acme")
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(site.base_url)
        cdp = context.new_cdp_session(page)
        cdp.send("WebAuthn.enable")
        person = Person(page, cdp, WebAuthnPasskeys(site))
        person.plug_in()
        yield person
    finally:
        context.close()
        server.shutdown()
        serving.join(10)
        server.server_close()


def test_a_key_that_was_added_proves_who_is_there_again_and_again(
    person: Person,
) -> None:
    made = person.register()

    first, second = person.prove(), person.prove()

    assert (first.id, first.public_key) == (made.id, made.public_key)
    assert made.uses < first.uses < second.uses


def test_any_of_several_keys_will_do_and_none_is_added_twice(person: Person) -> None:
    one = person.register()
    with pytest.raises(Error, match=r"InvalidStateError|already"):
        person.register()
    person.cdp.send(
        "WebAuthn.removeVirtualAuthenticator", {"authenticatorId": person.authenticator}
    )
    person.plug_in("u2f")
    other = person.register()

    assert person.prove().id == other.id != one.id


def test_an_answer_to_another_challenge_is_refused(person: Person) -> None:
    challenge = person.passkeys.begin_registration(USER, LOGIN, [])
    answer = person.ask(CREATE, challenge)
    with pytest.raises(PasskeyError):
        person.passkeys.finish_registration(b"x" * 64, answer)
    made = person.passkeys.finish_registration(challenge.expected, answer)

    person.known.append(made)
    _, old = person.proof()
    newer, _ = person.proof()
    with pytest.raises(PasskeyError):
        person.passkeys.finish_proof(newer.expected, old, person.known)


def test_an_answer_given_to_another_site_is_refused(person: Person) -> None:
    made = person.register()
    challenge, answer = person.proof()
    registration = person.passkeys.begin_registration(USER, LOGIN, [])
    added = person.ask(CREATE, registration)

    for elsewhere in ("http://localhost:1", "https://evil.example"):
        other = WebAuthnPasskeys(Site(elsewhere, "acme"))
        with pytest.raises(PasskeyError):
            other.finish_proof(challenge.expected, answer, [made])
        with pytest.raises(PasskeyError):
            other.finish_registration(registration.expected, added)


def test_an_answer_of_somebody_else_s_key_is_refused(person: Person) -> None:
    made, other = person.register(), None
    person.known = []
    other = person.register()
    person.known = [made]
    challenge, answer = person.proof()

    for known in ([], [other], [replace(made, public_key=other.public_key)]):
        with pytest.raises(PasskeyError):
            person.passkeys.finish_proof(challenge.expected, answer, known)


def test_a_change_to_an_answer_is_seen(person: Person) -> None:
    person.register()
    challenge, answer = person.proof()
    said = json.loads(answer)

    for name in ("authenticatorData", "signature", "clientDataJSON"):
        text = said["response"][name]
        # the last letter may hold no more than padding
        changed = text[:-3] + ("A" if text[-3] != "A" else "B") + text[-2:]
        forged = said | {"response": said["response"] | {name: changed}}
        with pytest.raises(PasskeyError):
            person.passkeys.finish_proof(
                challenge.expected, json.dumps(forged), person.known
            )
    for odd in ("", "{}", "[]", "null", "x", "{" * 9000, answer + " " * 70_000):
        with pytest.raises(PasskeyError):
            person.passkeys.finish_proof(challenge.expected, odd, person.known)
        with pytest.raises(PasskeyError):
            person.passkeys.finish_registration(challenge.expected, odd)


def test_a_copy_of_a_key_is_seen_by_its_count(person: Person) -> None:
    person.register()
    where = {"authenticatorId": person.authenticator}
    (copy,) = person.cdp.send("WebAuthn.getCredentials", where)["credentials"]
    person.prove()
    person.prove()

    person.cdp.send("WebAuthn.clearCredentials", where)
    person.cdp.send("WebAuthn.addCredential", where | {"credential": copy})

    with pytest.raises(PasskeyError):
        person.prove()
