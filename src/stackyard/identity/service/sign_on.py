"""Which identity provider people come by: set, tried out, given up."""

import base64
from dataclasses import dataclass, replace
from typing import Any, Final

from stackyard.identity.errors import NoSignOnError, SignOnSecretError
from stackyard.identity.model import Account, SessionMethod, SignOn
from stackyard.identity.model.sign_on import (
    ProviderSettings,
    from_row,
    is_same_provider,
    method_of,
    to_row,
)
from stackyard.identity.service.keys import require_administrator
from stackyard.identity.store import PeopleStore, SessionStore
from stackyard.kernel.access import Access, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.federation import OidcSettings
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.secrets import Sealed, Vault

CONTEXT: Final = "account/sign_on"


@dataclass(frozen=True, slots=True)
class SignOns:
    people: PeopleStore
    sessions: SessionStore
    access: Access
    vault: Vault
    clock: Clock
    trail: Trail

    @needs(Rule.ACCOUNT_ADMIN)
    async def get(self, *, by: Subject) -> SignOn:
        """Return the settings, secrets included: for the platform and its checks."""
        await require_administrator(self.access, by)
        return read_sign_on(await self.people.account(), self.vault)

    @needs(Rule.ACCOUNT_ADMIN)
    async def try_out(self, settings: ProviderSettings, *, by: Subject) -> SignOn:
        """Keep *settings* beside those in use, until an administrator came in by them.

        An empty secret keeps the one that is known for the same client of the same
        provider: nobody else is sent it.
        """
        await require_administrator(self.access, by)
        account = await self.people.account(lock=True)
        now = read_sign_on(account, self.vault)
        if isinstance(settings, OidcSettings) and not settings.client_secret:
            settings = _with_known_secret(settings, now)
        await self._note("try_out", by=by)
        return self._write(account, replace(now, trial=settings))

    @needs(Rule.ACCOUNT_ADMIN)
    async def activate(self, tried: ProviderSettings, *, by: Subject) -> SignOn:
        """They work: an administrator came in. Whoever came by another is set aside.

        Raises `NoSignOnError` if the settings were changed meanwhile.
        """
        await require_administrator(self.access, by)
        account = await self.people.account(lock=True)
        now = read_sign_on(account, self.vault)
        if now.trial != tried:
            raise NoSignOnError
        if not is_same_provider(now.active, tried):
            await self.people.set_aside([SessionMethod.OIDC, SessionMethod.SAML])
        await self._note("activate", by=by)
        return self._write(account, SignOn(active=tried))

    @needs(Rule.ACCOUNT_ADMIN)
    async def remove(self, *, by: Subject) -> SignOn:
        """Give single sign-on up, at once: every session but one's own ends."""
        await require_administrator(self.access, by)
        account = await self.people.account(lock=True)
        await self.people.set_aside([SessionMethod.OIDC, SessionMethod.SAML])
        await self.sessions.end_all_but(by.session_id)
        await self._note("remove", by=by)
        return self._write(account, SignOn())

    async def _note(self, verb: str, *, by: Subject) -> None:
        await self.trail.note(f"sign_on.{verb}", Resource(ResourceType.ACCOUNT), by=by)

    def _write(self, account: Account, now: SignOn) -> SignOn:
        account.sign_on = {
            name: _sealed(settings, self.vault)
            for name, settings in (("active", now.active), ("trial", now.trial))
            if settings is not None
        } or None
        account.changed_at = self.clock()
        return now


def read_sign_on(account: Account, vault: Vault) -> SignOn:
    found = {name: _opened(row, vault) for name, row in (account.sign_on or {}).items()}
    return SignOn(found.get("active"), found.get("trial"))


def _sealed(settings: ProviderSettings, vault: Vault) -> dict[str, Any]:
    secret = settings.client_secret if isinstance(settings, OidcSettings) else ""
    sealed = vault.seal(secret.encode(), context=CONTEXT)
    return to_row(settings) | {"sealed": base64.b64encode(sealed).decode()}


def _opened(row: dict[str, Any], vault: Vault) -> ProviderSettings:
    sealed = Sealed(base64.b64decode(row["sealed"]))
    return from_row(row, vault.unseal(sealed, context=CONTEXT).decode())


def _with_known_secret(settings: OidcSettings, now: SignOn) -> OidcSettings:
    for known in (now.trial, now.active):
        if (
            isinstance(known, OidcSettings)
            and known.client_id == settings.client_id
            and is_same_provider(known, settings)
        ):
            return replace(settings, client_secret=known.client_secret)
    raise SignOnSecretError


__all__ = ["SignOns", "method_of", "read_sign_on"]
