"""Use cases of webhooks with a name.

What they need of whoever asks is to administer the space: no role names less.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import ROOT, SpaceId, WebhookId
from stackyard.kernel.needs import needs
from stackyard.kernel.secrets import Vault
from stackyard.webhooks.errors import (
    WebhookNotFoundError,
    WebhookSlugTakenError,
    WebhookSpaceError,
)
from stackyard.webhooks.model.named import (
    NamedSettings,
    NamedWebhook,
    SecretHeader,
    ensure_headers,
)
from stackyard.webhooks.store import NamedWebhookStore


@dataclass(frozen=True, slots=True)
class NamedWebhooks:
    store: NamedWebhookStore
    access: Access
    vault: Vault
    clock: Clock
    trail: Trail

    @needs(Action.SPACE_READ)
    async def find(
        self, webhook_id: WebhookId, *, by: Subject, lock: bool = False
    ) -> NamedWebhook | None:
        """Return the webhook, or None if there is none that *by* may know of."""
        found = await self.store.find(webhook_id, lock=lock)
        try:
            # asked for a missing one as well: the answer must not tell them apart
            space = found.space_id if found else ROOT
            await self.access.require(by, Action.SPACE_READ, space=space)
        except NotFoundError:
            return None
        return found

    @needs(Action.SPACE_READ)
    async def header_names(
        self, webhook_id: WebhookId, *, by: Subject
    ) -> Sequence[str]:
        """Return the names of its headers, never what they hold."""
        found = await self.find(webhook_id, by=by)
        return await self.store.header_names(found.id) if found else ()

    @needs(Action.SPACE_ADMIN)
    async def count_in(self, space: SpaceId, *, by: Subject) -> int:
        """Return how many are in a space, to an administrator of it."""
        await self.access.require(by, Action.SPACE_ADMIN, space=space)
        return await self.store.count_in(space)

    @needs(Action.SPACE_ADMIN)
    async def create(self, settings: NamedSettings, *, by: Subject) -> NamedWebhook:
        """Make one; its id comes from its name and never changes again."""
        await self._require_in(settings.space_id, by=by)
        at = self.clock()
        webhook = NamedWebhook.create(settings.name, at=at)
        webhook.change(settings, self.vault, at=at)
        if await self.store.find(webhook.id) is not None:
            raise WebhookSlugTakenError(webhook=webhook.id)
        await self.store.write(webhook)
        await self._note("create", webhook, by=by)
        return webhook

    @needs(Action.SPACE_ADMIN)
    async def update(
        self, webhook_id: WebhookId, settings: NamedSettings, *, by: Subject
    ) -> NamedWebhook:
        """Replace all settings; without a new secret the old one stays."""
        webhook = await self._change(webhook_id, by=by)
        if settings.space_id != webhook.space_id:
            await self._require_in(settings.space_id, by=by)
        webhook.change(settings, self.vault, at=self.clock())
        await self.store.write(webhook)
        await self._note("update", webhook, by=by)
        return webhook

    @needs(Action.SPACE_ADMIN)
    async def delete(
        self, webhook_id: WebhookId, *, by: Subject
    ) -> NamedWebhook | None:
        """Delete it, with its headers; None if it is gone."""
        webhook = await self.find(webhook_id, by=by, lock=True)
        if webhook is None:
            return None
        await self.access.require(by, Action.SPACE_ADMIN, space=webhook.space_id)
        await self.store.remove(webhook)
        await self._note("delete", webhook, by=by)
        return webhook

    @needs(Action.SPACE_ADMIN)
    async def set_headers(
        self, webhook_id: WebhookId, wanted: Mapping[str, str], *, by: Subject
    ) -> NamedWebhook:
        """Add these, in the place of those of the same name, however it is written."""
        webhook = await self._change(webhook_id, by=by)
        named = {name.lower() for name in wanted}
        there = await self.store.header_names(webhook.id)
        replaced = [name for name in there if name.lower() in named]
        ensure_headers(wanted, beside=set(there).difference(replaced))
        await self.store.remove_headers(webhook.id, replaced)
        for name, value in wanted.items():
            header = SecretHeader.create(webhook.id, name, value, self.vault)
            await self.store.add_header(header)
        facts = {"Headers": sorted(wanted)}
        await self._note("set_headers", webhook, by=by, facts=facts)
        return webhook

    @needs(Action.SPACE_ADMIN)
    async def delete_headers(
        self, webhook_id: WebhookId, names: Collection[str], *, by: Subject
    ) -> NamedWebhook:
        """Let go of these; one that there is not does no harm."""
        webhook = await self._change(webhook_id, by=by)
        await self.store.remove_headers(webhook.id, names)
        facts = {"Headers": sorted(names)}
        await self._note("delete_headers", webhook, by=by, facts=facts)
        return webhook

    async def _change(self, webhook_id: WebhookId, *, by: Subject) -> NamedWebhook:
        webhook = await self.find(webhook_id, by=by, lock=True)
        if webhook is None:
            raise WebhookNotFoundError(webhook=webhook_id)
        await self.access.require(by, Action.SPACE_ADMIN, space=webhook.space_id)
        return webhook

    async def _require_in(self, space: SpaceId, *, by: Subject) -> None:
        try:
            await self.access.require(by, Action.SPACE_ADMIN, space=space)
        except NotFoundError:
            raise WebhookSpaceError(space=space) from None

    async def _note(
        self,
        verb: str,
        webhook: NamedWebhook,
        *,
        by: Subject,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        await self.trail.note(
            f"named_webhook.{verb}",
            Resource(ResourceType.NAMED_WEBHOOKS_INTEGRATION, webhook.id),
            space=webhook.space_id,
            facts=webhook.facts() | dict(facts or {}),
            by=by,
        )
