"""The way to an identity provider and back.

Lives as long as the process: the provider is asked over the network, and no
transaction waits for that.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from stackyard.identity.errors import (
    AssertionUsedError,
    NoSignOnError,
    SignOnStaleError,
)
from stackyard.identity.model import Known, SessionMethod, SignOnAttempt
from stackyard.identity.model.sign_on import ProviderSettings, method_of
from stackyard.identity.ports import OpenStores, SettleSignOn
from stackyard.identity.secret import digest, matches, new_secret
from stackyard.identity.service.sessions import Seen
from stackyard.identity.service.sign_in import Opened, SignIn
from stackyard.identity.service.sign_on import read_sign_on
from stackyard.identity.store import Stores
from stackyard.kernel.caller import Place
from stackyard.kernel.clock import Clock
from stackyard.kernel.federation import (
    Assertion,
    NameIdFormat,
    OidcBegun,
    OidcProvider,
    OidcSettings,
    Person,
    SamlBegun,
    SamlProvider,
    SamlSettings,
)
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.secrets import Sealed, Vault
from stackyard.kernel.site import Site

_CONTEXT: Final = "sign_on_attempt"


class Remembered(msgspec.Struct, frozen=True):
    """What an attempt keeps, sealed, between the two halves of a sign-in."""

    oidc: OidcBegun | None = None
    saml: SamlBegun | None = None
    login: str = ""
    name: str = ""
    groups: tuple[str, ...] = ()
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a browser is sent, and the cookie that it must come back with."""

    url: str
    cookie: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Browser:
    """What came back: the attempt's cookie, and the session that it had, if any."""

    place: Place
    cookie: str = field(default="", repr=False)
    replaces: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Returned:
    """Somebody came back signed in, on the way to a page of ours."""

    opened: Opened
    return_to: str


@dataclass(frozen=True, slots=True)
class Providers:
    oidc: OidcProvider
    saml: SamlProvider


@dataclass(frozen=True, slots=True)
class SignOnFlow:
    open_stores: OpenStores
    providers: Providers
    sign_in: SignIn
    settle: SettleSignOn
    vault: Vault
    site: Site
    clock: Clock

    @needs(Rule.WHO_ASKS)
    async def method(self) -> SessionMethod | None:
        """Return how people sign in here, if by an identity provider."""
        settings = await self._settings(trial=False)
        return None if settings is None else method_of(settings)

    @needs(Rule.WHO_ASKS)
    async def is_invited(self, secret: str) -> bool:
        """Whether this is the secret of an invitation that can still be followed."""
        async with self.open_stores() as stores:
            user = await stores.people.invited_by(digest(secret))
            return user is not None and user.accepts(secret, at=self.clock())

    def metadata(self, name_id_format: NameIdFormat) -> str:
        return self.providers.saml.metadata(name_id_format)

    @needs(Rule.WHO_ASKS)
    async def begin(self, *, return_to: str, trial_of: Seen | None = None) -> Sent:
        """Send somebody to the provider; *trial_of* tries the new settings out.

        Raises `NoSignOnError` if there is no provider to send them to.
        """
        settings = await self._settings(trial=trial_of is not None)
        if settings is None:
            raise NoSignOnError
        cookie = new_secret()
        if isinstance(settings, OidcSettings):
            begun = await self.providers.oidc.begin(settings, self._redirect_uri)
            state, url, kept = begun.state, begun.url, Remembered(oidc=begun)
        else:
            state = new_secret()
            asked = await self.providers.saml.begin(settings, state)
            url, kept = asked.url, Remembered(saml=asked)
        attempt = SignOnAttempt(
            state=digest(state),
            method=method_of(settings),
            browser=digest(cookie),
            remembered=self._seal(kept, digest(state)),
            return_to=local_path(return_to),
            session_id=None if trial_of is None else trial_of.session_id,
            began_at=self.clock(),
        )
        async with self.open_stores() as stores:
            await stores.sessions.add_attempt(attempt)
        return Sent(url, cookie)

    @needs(Rule.WHO_ASKS)
    async def finish_oidc(self, query: Mapping[str, str], browser: Browser) -> Returned:
        """Sign in whoever came back from an OpenID provider."""
        attempt, settings = await self._take(query.get("state", ""), browser)
        kept = self._unseal(attempt)
        if kept.oidc is None or not isinstance(settings, OidcSettings):
            raise SignOnStaleError
        person = await self.providers.oidc.finish(
            settings, self._redirect_uri, kept.oidc, query
        )
        return await self._admit(attempt, settings, person, browser)

    @needs(Rule.WHO_ASKS)
    async def answer_saml(self, form: Mapping[str, str]) -> str:
        """Take a provider's answer that another site's form brought, without cookies.

        Return the state by which the same browser may sign in with it, once. Raises
        `UnsolicitedResponseError` if nobody here had asked.
        """
        state = form.get("RelayState", "")
        async with self.open_stores() as stores:
            attempt = await stores.sessions.find_attempt(digest(state))
        kept = None
        settings: ProviderSettings | None = None
        if attempt is not None and attempt.is_open(at=self.clock()):
            kept = self._unseal(attempt)
            settings = await self._settings(trial=attempt.session_id is not None)
        if not isinstance(settings, SamlSettings):
            settings, kept = _NOWHERE, None
        begun = kept.saml if kept is not None and not kept.answered else None
        person = await self.providers.saml.finish(settings, begun, form)
        answered = Remembered(
            login=person.login, name=person.name, groups=person.groups, answered=True
        )
        async with self.open_stores() as stores:
            await self._use(stores, person.assertion)
            await stores.sessions.answer_attempt(
                digest(state), self._seal(answered, digest(state))
            )
        return state

    @needs(Rule.WHO_ASKS)
    async def finish_saml(self, state: str, browser: Browser) -> Returned:
        """Sign in the browser that was sent, with the answer that came for it."""
        attempt, settings = await self._take(state, browser)
        kept = self._unseal(attempt)
        if not kept.answered or not isinstance(settings, SamlSettings):
            raise SignOnStaleError
        person = Person(kept.login, kept.name, kept.groups)
        return await self._admit(attempt, settings, person, browser)

    async def _admit(
        self,
        attempt: SignOnAttempt,
        settings: ProviderSettings,
        person: Person,
        browser: Browser,
    ) -> Returned:
        known = Known(person.login, person.name, person.groups, attempt.method)
        trial = attempt.session_id
        if trial is not None:
            await self.settle(settings, trial)
        opened = await self.sign_in.by_provider(
            known,
            place=browser.place,
            replaces=browser.replaces,
            first_admin=trial is not None,
        )
        return Returned(opened, attempt.return_to)

    async def _take(
        self, state: str, browser: Browser
    ) -> tuple[SignOnAttempt, ProviderSettings]:
        """Return the attempt of this very browser, and forget it."""
        async with self.open_stores() as stores:
            attempt = await stores.sessions.take_attempt(digest(state))
        if attempt is None or not attempt.is_open(at=self.clock()):
            raise SignOnStaleError
        if not matches(browser.cookie, attempt.browser):
            raise SignOnStaleError
        settings = await self._settings(trial=attempt.session_id is not None)
        if settings is None:
            raise SignOnStaleError
        return attempt, settings

    async def _settings(self, *, trial: bool) -> ProviderSettings | None:
        async with self.open_stores() as stores:
            found = read_sign_on(await stores.people.account(), self.vault)
        return found.trial if trial else found.active

    async def _use(self, stores: Stores, assertion: Assertion | None) -> None:
        if assertion is None:
            raise AssertionUsedError
        mark = hashlib.sha256(assertion.id.encode()).digest()
        if not await stores.sessions.use_assertion(mark, ends_at=assertion.until):
            raise AssertionUsedError

    def _seal(self, kept: Remembered, state: bytes) -> Sealed:
        said = msgspec.json.encode(kept)
        return self.vault.seal(said, context=f"{_CONTEXT}/{state.hex()}")

    def _unseal(self, attempt: SignOnAttempt) -> Remembered:
        context = f"{_CONTEXT}/{attempt.state.hex()}"
        said = self.vault.unseal(Sealed(attempt.remembered), context=context)
        return msgspec.json.decode(said, type=Remembered)

    @property
    def _redirect_uri(self) -> str:
        return f"{self.site.base_url}/oidc/exchange"


# Stands for no provider: an answer to nothing is refused before it is looked at.
_NOWHERE: Final = SamlSettings(metadata="<none/>")


def local_path(wanted: str) -> str:
    """Return a path of this site, and `/` for whatever leads elsewhere."""
    plain = wanted.isprintable() and "\\" not in wanted
    if plain and wanted.startswith("/") and not wanted.startswith("//"):
        return wanted
    return "/"
