"""Use cases of plugins and their templates: load, ask leave, decide, tell."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import ROOT, PluginId, PluginTemplateId, SpaceId
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.secrets import Vault
from stackyard.plugins.errors import (
    GlobalTemplateError,
    PluginSpaceError,
    PluginTemplateAdminOnlyError,
    PluginTemplateInUseError,
    PluginTemplateNotFoundError,
)
from stackyard.plugins.manifest import read_manifest
from stackyard.plugins.model import (
    Plugin,
    PluginParameter,
    PluginSpec,
    PluginTemplate,
    PluginTemplateSpec,
)
from stackyard.plugins.ports import VisibleSpaces
from stackyard.plugins.store import PluginStore, PluginTemplateStore


@dataclass(frozen=True, slots=True)
class PluginTemplates:
    """They are the account's, and in no space: everybody may install from them."""

    store: PluginTemplateStore
    access: Access
    clock: Clock
    trail: Trail

    @needs(Rule.SIGNED_IN)
    async def find(
        self, template_id: PluginTemplateId, *, by: Subject
    ) -> PluginTemplate | None:
        del by  # whoever has signed in
        return await self.store.find(template_id)

    @needs(Rule.SIGNED_IN)
    async def all(self, *, by: Subject) -> Sequence[PluginTemplate]:
        """Return all of them by name, the platform's own among them."""
        del by  # whoever has signed in
        return await self.store.all()

    @needs(Rule.SIGNED_IN)
    async def some(
        self, template_ids: Collection[PluginTemplateId], *, by: Subject
    ) -> dict[PluginTemplateId, PluginTemplate]:
        del by  # whoever has signed in
        return await self.store.some(template_ids)

    @needs(Rule.ACCOUNT_ADMIN)
    async def create(self, spec: PluginTemplateSpec, *, by: Subject) -> PluginTemplate:
        """Make a template; its slug comes from its name, and it never changes."""
        await self._require(by)
        asked = await asyncio.to_thread(read_manifest, spec.manifest)
        template = PluginTemplate.create(spec, asked, at=self.clock())
        await self.store.add(template)
        await self._note("create", template, by=by)
        return template

    @needs(Rule.ACCOUNT_ADMIN)
    async def delete(
        self, template_id: PluginTemplateId, *, by: Subject
    ) -> PluginTemplate | None:
        """Delete one that nothing was installed from; None if it is gone."""
        await self._require(by)
        template = await self.store.find(template_id, lock=True)
        if template is None:
            return None
        if template.is_global:
            raise GlobalTemplateError(template=template_id)
        used = await self.store.plugins_of(template_id)
        if used:
            raise PluginTemplateInUseError(
                template=template_id, plugins=", ".join(used)
            )
        await self.store.remove(template)
        await self._note("delete", template, by=by)
        return template

    async def _require(self, by: Subject) -> None:
        """Ask for the root space; that there are templates is no secret."""
        try:
            await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        except NotFoundError as error:
            raise PluginTemplateAdminOnlyError(subject=by.name) from error

    async def _note(self, verb: str, template: PluginTemplate, *, by: Subject) -> None:
        """Say it in the API's words: these have none for plugins."""
        await self.trail.note(
            f"plugin_template.{verb}",
            Resource(ResourceType.UNKNOWN, template.id),
            facts=template.facts(),
            by=by,
        )


@dataclass(frozen=True, slots=True)
class Plugins:
    store: PluginStore
    templates: PluginTemplates
    access: Access
    vault: Vault
    clock: Clock
    visible_spaces: VisibleSpaces
    trail: Trail

    @needs(Action.SPACE_READ)
    async def find(
        self, plugin_id: PluginId, *, by: Subject, lock: bool = False
    ) -> Plugin | None:
        """Return the plugin, or None if there is none that *by* may know of."""
        plugin = await self.store.find(plugin_id, lock=lock)
        try:
            # asked for a missing one as well: the answer must not tell them apart
            space = plugin.space_id if plugin else ROOT
            await self.access.require(by, Action.SPACE_READ, space=space)
        except NotFoundError:
            return None
        return plugin

    @needs(Action.SPACE_READ)
    async def all(self, *, by: Subject) -> Sequence[Plugin]:
        """Return every plugin that *by* may read, by name."""
        return await self.store.all_in(self.visible_spaces(by))

    @needs(Action.SPACE_ADMIN)
    async def count_in(self, space: SpaceId, *, by: Subject) -> int:
        """Return how many plugins are in a space, to an administrator of it."""
        await self.access.require(by, Action.SPACE_ADMIN, space=space)
        return await self.store.count_in(space)

    @needs(Action.SPACE_ADMIN)
    async def install(self, spec: PluginSpec, *, by: Subject) -> Plugin:
        """Install a template's plugin, told all that the template asks for."""
        await self._require_in(spec.space_id, by=by)
        template = await self.templates.find(spec.template_id, by=by)
        if template is None:
            raise PluginTemplateNotFoundError(template=spec.template_id)
        plugin = Plugin.install(spec, template, at=self.clock())
        told = [
            PluginParameter.seal(plugin.id, name, value, self.vault)
            for name, value in spec.values
        ]
        await self.store.add(plugin, told)
        await self._note("install", plugin, by=by)
        return plugin

    @needs(Action.SPACE_ADMIN)
    async def delete(self, plugin_id: PluginId, *, by: Subject) -> Plugin | None:
        """Delete it for good; None if it is gone."""
        plugin = await self.find(plugin_id, by=by, lock=True)
        if plugin is None:
            return None
        await self.access.require(by, Action.SPACE_ADMIN, space=plugin.space_id)
        await self.store.remove(plugin)
        await self._note("delete", plugin, by=by)
        return plugin

    async def _require_in(self, space: SpaceId, *, by: Subject) -> None:
        try:
            await self.access.require(by, Action.SPACE_ADMIN, space=space)
        except NotFoundError:
            raise PluginSpaceError(space=space) from None

    async def _note(self, verb: str, plugin: Plugin, *, by: Subject) -> None:
        await self.trail.note(
            f"plugin.{verb}",
            Resource(ResourceType.UNKNOWN, plugin.id),
            space=plugin.space_id,
            facts=plugin.facts(),
            by=by,
        )
