"""Use cases of the webhook: set it up, offer it things, send what is due.

Secrets come in, are sealed, and come out only in what is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from stackyard.audit.events import DeliveriesDue
from stackyard.audit.model.entry import Deed, Entry
from stackyard.audit.model.webhook import (
    Delivery,
    Webhook,
    WebhookSettings,
    payload,
    run_payload,
)
from stackyard.audit.service.leave import require_administrator
from stackyard.audit.service.trail import AuditTrail
from stackyard.audit.store import AuditStore, WebhookStore
from stackyard.kernel.access import Access, Subject
from stackyard.kernel.audit import Resource, ResourceType
from stackyard.kernel.clock import Clock
from stackyard.kernel.deliveries import LOG_KEPT, DeliveryState, Outgoing
from stackyard.kernel.events import Outbox
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.origin import origin
from stackyard.kernel.outbound import Posted
from stackyard.kernel.secrets import Sealed, UnsealError, Vault
from stackyard.kernel.site import Site

_THE_WEBHOOK: Final = Resource(ResourceType.WEBHOOK, "audit_trail_webhook")
_ENTITY: Final = "audit_trail_webhook"


@dataclass(frozen=True, slots=True)
class Webhooks:
    store: WebhookStore
    entries: AuditStore
    trail: AuditTrail
    access: Access
    outbox: Outbox
    vault: Vault
    clock: Clock
    site: Site

    @needs(Rule.ACCOUNT_ADMIN)
    async def find(self, *, by: Subject) -> Webhook | None:
        await require_administrator(self.access, by)
        return await self.store.current()

    @needs(Rule.ACCOUNT_ADMIN)
    async def prepare(
        self, settings: WebhookSettings, *, by: Subject
    ) -> Outgoing | None:
        """Judge *settings*; return what has to be accepted before they are saved."""
        await require_administrator(self.access, by)
        settings.ensure_sound()
        if not settings.enabled:
            return None
        current = await self.store.current()
        kept = current and self._clear(current, "secret", current.secret)
        deed = Deed(f"{_ENTITY}.test", _THE_WEBHOOK)
        entry = Entry.write(deed, origin(), by=by, at=self.clock())
        return Outgoing.signed(
            "",
            settings.endpoint,
            payload(entry, account=self.site.account),
            secret=settings.secret.encode() or kept or b"",
            headers=settings.headers,
        )

    @needs(Rule.ACCOUNT_ADMIN)
    async def save(self, settings: WebhookSettings, *, by: Subject) -> Webhook:
        """Replace all settings. That it was switched off is the last thing it hears."""
        await require_administrator(self.access, by)
        settings.ensure_sound()
        await self.entries.chain()  # one at a time, and not while entries are sealed
        webhook = await self.store.current(lock=True)
        was_enabled = webhook is not None and webhook.enabled
        webhook = webhook or Webhook.create()
        at = self.clock()
        webhook.change(settings, at=at)
        if settings.secret:
            webhook.secret = self._seal(webhook, "secret", settings.secret.encode())
        headers = dict(settings.headers)
        webhook.headers = (
            self._seal(webhook, "headers", msgspec.json.encode(headers))
            if headers
            else None
        )
        await self.store.write(webhook)
        verb = "set" if settings.enabled else "disable"
        entry = await self.trail.record(Deed(f"{_ENTITY}.{verb}", _THE_WEBHOOK), by=by)
        if not settings.enabled:
            await self._part(webhook, entry, heard=was_enabled, at=at)
        return webhook

    @needs(Rule.ACCOUNT_ADMIN)
    async def delete(self, *, by: Subject) -> Webhook | None:
        """Delete it, and tell it so; None if there is none."""
        await require_administrator(self.access, by)
        await self.entries.chain()
        webhook = await self.store.current(lock=True)
        if webhook is None:
            return None
        at, was_enabled = self.clock(), webhook.enabled
        webhook.delete(at=at)
        await self.store.write(webhook)
        entry = await self.trail.record(Deed(f"{_ENTITY}.delete", _THE_WEBHOOK), by=by)
        await self._part(webhook, entry, heard=was_enabled, at=at)
        return webhook

    @needs(Rule.PLATFORM)
    async def wants_runs(self, *, by: Subject) -> bool:
        await require_administrator(self.access, by)
        webhook = await self.store.current()
        return webhook is not None and webhook.enabled and webhook.include_runs

    @needs(Rule.PLATFORM)
    async def offer_run(
        self, data: Mapping[str, Any], *, actor: str, at: datetime, by: Subject
    ) -> None:
        """Tell it that a run is in another state: ID and State are among *data*."""
        await require_administrator(self.access, by)
        webhook = await self.store.current()
        if webhook is None or not (webhook.enabled and webhook.include_runs):
            return
        body = run_payload(data, actor=actor, account=self.site.account, at=at)
        about = f"run/{data['ID']}/{data['State']}"
        now = self.clock()
        await self.store.offer([Delivery.of(webhook, about, body, at=now)])
        await self.outbox.add(DeliveriesDue(at=now))

    @needs(Rule.PLATFORM)
    async def claim(self, *, by: Subject) -> Outgoing | None:
        """Return what is to be sent now, to nobody but the caller for a while."""
        await require_administrator(self.access, by)
        now = self.clock()
        found = await self.store.claim(now=now)
        if found is None:
            return None
        delivery, webhook = found
        delivery.lend(at=now)
        try:
            return Outgoing.signed(
                delivery.id,
                webhook.endpoint,
                delivery.body,
                secret=self._clear(webhook, "secret", webhook.secret),
                headers=self._headers(webhook),
            )
        except UnsealError as error:  # another key: somebody has to set it up again
            delivery.failed(None, str(error), again_at=webhook.failed(at=now), at=now)
            return None

    @needs(Rule.PLATFORM)
    async def answered(self, delivery_id: str, posted: Posted, *, by: Subject) -> bool:
        """Note what became of it; whether to go on with the next one now."""
        await require_administrator(self.access, by)
        found = await self.store.find(delivery_id)
        if found is None or found[0].state is not DeliveryState.WAITING:
            return True  # nobody waits for it any more
        delivery, webhook = found
        at = self.clock()
        if posted.accepted and posted.status is not None:
            delivery.answered(posted.status, at=at)
            webhook.answered()
            return True
        later = webhook.failed(at=at)
        delivery.failed(
            posted.status,
            posted.said,
            again_at=later if webhook.retry_on_failure else None,
            at=at,
        )
        return False

    @needs(Rule.PLATFORM)
    async def tell_due(self, *, by: Subject) -> None:
        """Have sent what waits for its time, or whose message came to nothing."""
        await require_administrator(self.access, by)
        now = self.clock()
        if await self.store.is_due(now=now):
            await self.outbox.add(DeliveriesDue(at=now))

    @needs(Rule.PLATFORM)
    async def forget(self, *, by: Subject) -> None:
        await require_administrator(self.access, by)
        await self.store.forget(before=self.clock() - LOG_KEPT)

    async def _part(
        self, webhook: Webhook, entry: Entry, *, heard: bool, at: datetime
    ) -> None:
        """Send nothing more, but that this is the end."""
        await self.store.drop_waiting(webhook.id, at=at)
        if heard:
            body = payload(entry, account=self.site.account)
            await self.store.offer([Delivery.of(webhook, entry.id, body, at=at)])
            await self.outbox.add(DeliveriesDue(at=at))

    def _headers(self, webhook: Webhook) -> dict[str, str]:
        said = self._clear(webhook, "headers", webhook.headers)
        return msgspec.json.decode(said, type=dict[str, str]) if said else {}

    def _seal(self, webhook: Webhook, column: str, secret: bytes) -> Sealed:
        return self.vault.seal(secret, context=_row(webhook, column))

    def _clear(self, webhook: Webhook, column: str, sealed: Sealed | None) -> bytes:
        if sealed is None:
            return b""
        return self.vault.unseal(sealed, context=_row(webhook, column))


def _row(webhook: Webhook, column: str) -> str:
    return f"audit_webhooks/{webhook.id}/{column}"
