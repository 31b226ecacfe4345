"""Use cases of the webhooks of a stack or a module."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.ids import StackId, WebhookId
from stackyard.kernel.needs import needs
from stackyard.kernel.secrets import Vault
from stackyard.stacks import Project, Stacks
from stackyard.webhooks.errors import WebhookNotFoundError
from stackyard.webhooks.model.own import StackWebhook
from stackyard.webhooks.model.settings import HookSettings
from stackyard.webhooks.store import HookDeliveryStore, StackWebhookStore


@dataclass(frozen=True, slots=True)
class StackWebhooks:
    store: StackWebhookStore
    deliveries: HookDeliveryStore
    stacks: Stacks
    access: Access
    vault: Vault
    clock: Clock
    trail: Trail

    @needs(Action.SPACE_READ)
    async def of(
        self, stack_ids: Collection[StackId], *, by: Subject
    ) -> dict[StackId, list[StackWebhook]]:
        """Return those of each of those of these projects that *by* may read."""
        readable = await self.stacks.projects(stack_ids, by=by)
        found: dict[StackId, list[StackWebhook]] = defaultdict(list)
        for webhook in await self.store.of(list(readable)):
            found[webhook.stack_id].append(webhook)
        return dict(found)

    @needs(Action.STACK_UPDATE)
    async def create(
        self, stack_id: StackId, settings: HookSettings, *, by: Subject
    ) -> StackWebhook:
        """Add one; each endpoint is told once."""
        project = await self._change(stack_id, by=by)
        webhook = StackWebhook.create(project.id, at=self.clock())
        await self._set("create", webhook, settings, project, by=by)
        return webhook

    @needs(Action.STACK_UPDATE)
    async def update(
        self,
        stack_id: StackId,
        webhook_id: WebhookId,
        settings: HookSettings,
        *,
        by: Subject,
    ) -> StackWebhook:
        """Replace all settings; without a new secret the old one stays."""
        project = await self._change(stack_id, by=by)
        webhook = await self.store.find(project.id, webhook_id)
        if webhook is None:
            raise WebhookNotFoundError(webhook=webhook_id)
        await self._set("update", webhook, settings, project, by=by)
        if not webhook.enabled:
            await self.deliveries.drop_waiting(webhook.id, at=self.clock())
        return webhook

    @needs(Action.STACK_UPDATE)
    async def delete(
        self, stack_id: StackId, webhook_id: WebhookId, *, by: Subject
    ) -> StackWebhook | None:
        """Delete it, and what is on its way to it; None if it is gone."""
        project = await self.stacks.find_project(stack_id, by=by, lock=True)
        if project is None:  # it went with its project
            return None
        await self.access.require(by, Action.STACK_UPDATE, space=project.space_id)
        webhook = await self.store.find(project.id, webhook_id)
        if webhook is not None:
            await self.store.remove(webhook)
            await self._note("delete", webhook, project, by=by)
        return webhook

    async def _change(self, stack_id: StackId, *, by: Subject) -> Project:
        project = await self.stacks.project(stack_id, by=by, lock=True)
        await self.access.require(by, Action.STACK_UPDATE, space=project.space_id)
        return project

    async def _set(
        self,
        verb: str,
        webhook: StackWebhook,
        settings: HookSettings,
        project: Project,
        *,
        by: Subject,
    ) -> None:
        webhook.change(settings, self.vault, at=self.clock())
        await self.store.write(webhook)
        await self._note(verb, webhook, project, by=by)

    async def _note(
        self, verb: str, webhook: StackWebhook, project: Project, *, by: Subject
    ) -> None:
        await self.trail.note(
            f"webhook.{verb}",
            Resource(ResourceType.WEBHOOK, webhook.id),
            related=project.resource(),
            space=project.space_id,
            facts=webhook.facts(),
            by=by,
        )
