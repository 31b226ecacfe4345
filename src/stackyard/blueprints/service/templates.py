"""Use cases of templates: load, ask leave, decide, tell."""

from collections.abc import Collection
from dataclasses import dataclass

from stackyard.blueprints.errors import (
    SlugTakenError,
    TargetSpaceError,
    TemplateInUseError,
    TemplateNotFoundError,
)
from stackyard.blueprints.model.template import (
    Template,
    TemplateSpec,
    TemplateVersion,
)
from stackyard.blueprints.ports import VisibleSpaces
from stackyard.blueprints.store import TemplateStore
from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import ROOT, SpaceId, TemplateId
from stackyard.kernel.needs import needs
from stackyard.kernel.search import Page, Search


@dataclass(frozen=True, slots=True)
class TemplateFacts:
    """What is shown of a template beside its row; *known* to who may read it."""

    known: bool = False
    deployments: int = 0
    can_delete: bool = False
    latest: TemplateVersion | None = None  # of those that are published


@dataclass(frozen=True, slots=True)
class Templates:
    store: TemplateStore
    access: Access
    clock: Clock
    trail: Trail
    visible_spaces: VisibleSpaces

    @needs(Action.SPACE_READ)
    async def find(
        self, template_id: TemplateId, *, by: Subject, lock: bool = False
    ) -> Template | None:
        """Return the template, or None if there is none that *by* may know of."""
        template = await self.store.find(template_id, lock=lock)
        try:
            # asked for a missing one as well: the answer must not tell them apart
            space = template.space_id if template else ROOT
            await self.access.require(by, Action.SPACE_READ, space=space)
        except NotFoundError:
            return None
        return template

    @needs(Action.SPACE_READ)
    async def get(
        self, template_id: TemplateId, *, by: Subject, lock: bool = False
    ) -> Template:
        template = await self.find(template_id, by=by, lock=lock)
        if template is None:
            raise TemplateNotFoundError(template=template_id)
        return template

    @needs(Action.SPACE_READ)
    async def search(self, search: Search, *, by: Subject) -> Page[Template]:
        """Return a page of the templates that *by* may read. One query."""
        return await self.store.search(search, self.visible_spaces(by))

    @needs(Action.SPACE_READ)
    async def facts(
        self, template_ids: Collection[TemplateId], *, by: Subject
    ) -> dict[TemplateId, TemplateFacts]:
        """Return the facts of those of these templates that *by* may read."""
        found = await self.store.some(template_ids, self.visible_spaces(by))
        spaces = {one.space_id for one in found}
        mine = await self.access.allowed(by, Action.SPACE_ADMIN, spaces=spaces)
        ids = [one.id for one in found]
        deployments = await self.store.count_deployments(ids)
        versions = await self.store.count_versions(ids)
        latest = await self.store.latest_published(ids)
        return {
            one.id: TemplateFacts(
                known=True,
                deployments=deployments.get(one.id, 0),
                can_delete=one.space_id in mine and not versions.get(one.id),
                latest=latest.get(one.id),
            )
            for one in found
        }

    @needs(Action.SPACE_ADMIN)
    async def create(self, spec: TemplateSpec, *, by: Subject) -> Template:
        """Make a template; its slug comes from its name and never changes again."""
        await self._require_in(spec.space_id, by=by)
        template = Template.create(spec, at=self.clock())
        if await self.store.find(template.id) is not None:
            raise SlugTakenError(noun="template", slug=template.id)
        await self.store.add(template)
        await self._note("create", template, by=by)
        return template

    @needs(Action.SPACE_ADMIN)
    async def update(
        self, template_id: TemplateId, spec: TemplateSpec, *, by: Subject
    ) -> Template:
        template = await self.get(template_id, by=by, lock=True)
        await self.access.require(by, Action.SPACE_ADMIN, space=template.space_id)
        if spec.space_id != template.space_id:
            await self._require_in(spec.space_id, by=by)
        template.change(spec, at=self.clock())
        await self.store.write(template)
        await self._note("update", template, by=by)
        return template

    @needs(Action.SPACE_ADMIN)
    async def delete(self, template_id: TemplateId, *, by: Subject) -> Template | None:
        """Delete it once it has no versions; None if it is gone."""
        template = await self.find(template_id, by=by, lock=True)
        if template is None:
            return None
        await self.access.require(by, Action.SPACE_ADMIN, space=template.space_id)
        versions = await self.store.numbers_of(template.id)
        if versions:
            raise TemplateInUseError(versions=", ".join(versions))
        await self.store.remove(template)
        await self._note("delete", template, by=by)
        return template

    async def _note(self, verb: str, template: Template, *, by: Subject) -> None:
        await self.trail.note(
            f"template.{verb}",
            Resource(ResourceType.BLUEPRINT, template.id),
            space=template.space_id,
            facts=template.facts(),
            by=by,
        )

    async def _require_in(self, space: SpaceId, *, by: Subject) -> None:
        try:
            await self.access.require(by, Action.SPACE_ADMIN, space=space)
        except NotFoundError:
            raise TargetSpaceError(space=space) from None
