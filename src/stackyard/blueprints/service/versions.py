"""Use cases of the versions of a template; the space is the template's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stackyard.blueprints.errors import (
    BodyProblemsError,
    VersionInUseError,
    VersionNotFoundError,
)
from stackyard.blueprints.model.blueprint import Publication
from stackyard.blueprints.model.body import Kind, read_body
from stackyard.blueprints.model.evaluation import Evaluation
from stackyard.blueprints.model.occasion import Occasion
from stackyard.blueprints.model.rendering import body_faults
from stackyard.blueprints.model.template import (
    TemplateVersion,
    TemplateVersionSpec,
    full_version_id,
)
from stackyard.blueprints.ports import Repositories
from stackyard.blueprints.service.templates import Templates
from stackyard.blueprints.store import TemplateVersionStore
from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import TemplateId, TemplateVersionId
from stackyard.kernel.needs import Rule, needs


@dataclass(frozen=True, slots=True)
class TemplateVersions:
    store: TemplateVersionStore
    templates: Templates
    repositories: Repositories
    access: Access
    trail: Trail
    account: str

    @needs(Action.SPACE_READ)
    async def find(
        self, template_id: TemplateId, given: str, *, by: Subject
    ) -> TemplateVersion | None:
        """Return the template's version by its id, or by its ULID alone."""
        template = await self.templates.find(template_id, by=by)
        if template is None:
            return None
        version = await self.store.find(full_version_id(template_id, given))
        return version if version and version.template_id == template_id else None

    @needs(Action.SPACE_READ)
    async def by_number(
        self, template_id: TemplateId, number: str, *, by: Subject
    ) -> TemplateVersion | None:
        template = await self.templates.find(template_id, by=by)
        if template is None:
            return None
        return await self.store.by_number(template.id, number)

    @needs(Action.SPACE_READ)
    async def get(
        self, version_id: TemplateVersionId, *, by: Subject, lock: bool = False
    ) -> TemplateVersion:
        version = await self.store.find(version_id, lock=lock)
        # asked for a missing one as well: the answer must not tell them apart
        template_id = version.template_id if version else TemplateId("")
        template = await self.templates.find(template_id, by=by)
        if version is None or template is None:
            raise VersionNotFoundError(version=version_id)
        return version

    @needs(Rule.SIGNED_IN)
    async def problems(
        self, body: str, evaluation: Evaluation, *, by: Subject
    ) -> Sequence[str]:
        """Return what would be in the way of publishing this body."""
        around = Occasion(
            by=by,
            account=self.account,
            at=evaluation.at,
            seed=evaluation.seed,
            about="deployment",
            times={"created_at": evaluation.at},
        )
        return body_faults(body, Kind.TEMPLATE, around, evaluation)

    @needs(Action.SPACE_ADMIN)
    async def create(
        self,
        template_id: TemplateId,
        spec: TemplateVersionSpec,
        evaluation: Evaluation,
        *,
        by: Subject,
    ) -> TemplateVersion:
        template = await self.templates.get(template_id, by=by, lock=True)
        await self.access.require(by, Action.SPACE_ADMIN, space=template.space_id)
        version = TemplateVersion.create(template, spec, at=evaluation.at)
        await self._check_body(version, evaluation, by=by)
        await self.store.add(version)
        await self._note("create", version, by=by)
        return version

    @needs(Action.SPACE_ADMIN)
    async def update(
        self,
        version_id: TemplateVersionId,
        spec: TemplateVersionSpec,
        evaluation: Evaluation,
        *,
        by: Subject,
    ) -> TemplateVersion:
        """Replace all settings. Once published, neither body nor state change again."""
        version = await self.get(version_id, by=by, lock=True)
        await self.access.require(by, Action.SPACE_ADMIN, space=version.space_id)
        changes = spec.body != version.body or spec.state is not version.state
        version.change(spec, at=evaluation.at)
        if changes:
            await self._check_body(version, evaluation, by=by)
        await self.store.write(version)
        await self._note("update", version, by=by)
        return version

    @needs(Action.SPACE_ADMIN)
    async def delete(
        self, version_id: TemplateVersionId, *, by: Subject
    ) -> TemplateVersion | None:
        """Delete it, also when published, once it is not deployed; None if gone."""
        try:
            version = await self.get(version_id, by=by, lock=True)
        except VersionNotFoundError:
            return None
        await self.access.require(by, Action.SPACE_ADMIN, space=version.space_id)
        deployments = await self.store.deployments_of(version.id)
        if deployments:
            raise VersionInUseError(deployments=", ".join(deployments))
        await self.store.remove(version)
        await self._note("delete", version, by=by)
        return version

    async def _check_body(
        self, version: TemplateVersion, evaluation: Evaluation, *, by: Subject
    ) -> None:
        """What is to be published must be in order; its code is pinned."""
        if version.state is Publication.PUBLISHED:
            problems = await self.problems(version.published_body(), evaluation, by=by)
            if problems:
                raise BodyProblemsError(*problems)
            version.commits = await self._pin(version.published_body(), by=by)

    async def _pin(self, text: str, *, by: Subject) -> dict[str, Any]:
        """Return the commit of each stack whose code is in a built-in repository."""
        found, problems = {}, []
        for source in read_body(text, Kind.TEMPLATE).sources:
            repo_id, branch = source.repo_id, source.branch
            try:
                heads = await self.repositories.heads(repo_id, [branch], by=by)
                found[source.key] = heads[branch].as_dict()
            except NotFoundError:
                problems.append(f"{source.place}: there is no such repository here")
            except KeyError:
                problems.append(f"{source.place}: there is no branch {branch}")
        if problems:
            raise BodyProblemsError(*problems)
        return found

    async def _note(self, verb: str, version: TemplateVersion, *, by: Subject) -> None:
        await self.trail.note(
            f"template_version.{verb}",
            Resource(ResourceType.BLUEPRINT, version.id),
            related=Resource(ResourceType.BLUEPRINT, version.template_id),
            space=version.space_id,
            facts=version.facts(),
            by=by,
        )
