"""Use cases of blueprints: load, ask leave, decide, tell."""

from collections.abc import Mapping
from dataclasses import dataclass

from stackyard.blueprints.errors import (
    BlueprintNotFoundError,
    BodyProblemsError,
    SlugTakenError,
    TargetSpaceError,
)
from stackyard.blueprints.model.blueprint import Blueprint, BlueprintSpec, Publication
from stackyard.blueprints.model.body import Kind, find_inputs
from stackyard.blueprints.model.evaluation import Evaluation
from stackyard.blueprints.model.occasion import Occasion
from stackyard.blueprints.model.rendering import body_faults, plans_of
from stackyard.blueprints.ports import VisibleSpaces
from stackyard.blueprints.service.making import Made, Making
from stackyard.blueprints.store import BlueprintStore
from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import ROOT, BlueprintId, SpaceId
from stackyard.kernel.needs import needs
from stackyard.kernel.search import Page, Search


@dataclass(frozen=True, slots=True)
class Blueprints:
    store: BlueprintStore
    making: Making
    access: Access
    trail: Trail
    visible_spaces: VisibleSpaces
    account: str

    @needs(Action.SPACE_READ)
    async def find(
        self, blueprint_id: BlueprintId, *, by: Subject, lock: bool = False
    ) -> Blueprint | None:
        """Return the blueprint, or None if there is none that *by* may know of."""
        blueprint = await self.store.find(blueprint_id, lock=lock)
        try:
            # asked for a missing one as well: the answer must not tell them apart
            space = blueprint.space_id if blueprint else ROOT
            await self.access.require(by, Action.SPACE_READ, space=space)
        except NotFoundError:
            return None
        return blueprint

    @needs(Action.SPACE_READ)
    async def get(
        self, blueprint_id: BlueprintId, *, by: Subject, lock: bool = False
    ) -> Blueprint:
        blueprint = await self.find(blueprint_id, by=by, lock=lock)
        if blueprint is None:
            raise BlueprintNotFoundError(blueprint=blueprint_id)
        return blueprint

    @needs(Action.SPACE_READ)
    async def search(self, search: Search, *, by: Subject) -> Page[Blueprint]:
        """Return a page of the blueprints that *by* may read. One query."""
        return await self.store.search(search, self.visible_spaces(by))

    @needs(Action.SPACE_ADMIN)
    async def create(
        self, spec: BlueprintSpec, evaluation: Evaluation, *, by: Subject
    ) -> Blueprint:
        """Make a blueprint; its slug comes from its name and never changes again."""
        await self._require_in(spec.space_id, by=by)
        blueprint = Blueprint.create(spec, at=evaluation.at)
        self._take_body(blueprint, evaluation, by=by)
        if await self.store.find(blueprint.id) is not None:
            raise SlugTakenError(noun="blueprint", slug=blueprint.id)
        await self.store.add(blueprint)
        await self._note("create", blueprint, by=by)
        return blueprint

    @needs(Action.SPACE_ADMIN)
    async def update(
        self,
        blueprint_id: BlueprintId,
        spec: BlueprintSpec,
        evaluation: Evaluation,
        *,
        by: Subject,
    ) -> Blueprint:
        """Replace all settings. Once published, neither body nor state change again."""
        blueprint = await self.get(blueprint_id, by=by, lock=True)
        await self.access.require(by, Action.SPACE_ADMIN, space=blueprint.space_id)
        if spec.space_id != blueprint.space_id:
            await self._require_in(spec.space_id, by=by)
        changes = spec.body != blueprint.body or spec.state is not blueprint.state
        blueprint.change(spec, at=evaluation.at)
        if changes:
            self._take_body(blueprint, evaluation, by=by)
        await self.store.write(blueprint)
        await self._note("update", blueprint, by=by)
        return blueprint

    @needs(Action.SPACE_ADMIN)
    async def delete(
        self, blueprint_id: BlueprintId, *, by: Subject
    ) -> Blueprint | None:
        """Delete it, and none of the stacks made of it; None if it is gone."""
        blueprint = await self.find(blueprint_id, by=by, lock=True)
        if blueprint is None:
            return None
        await self.access.require(by, Action.SPACE_ADMIN, space=blueprint.space_id)
        await self.store.remove(blueprint)
        await self._note("delete", blueprint, by=by)
        return blueprint

    @needs(Action.STACK_CREATE)
    async def make_stacks(
        self,
        blueprint_id: BlueprintId,
        given: Mapping[str, str],
        evaluation: Evaluation,
        *,
        by: Subject,
    ) -> Made:
        """Make the stacks of what was filled in, by the rights of *by*."""
        blueprint = await self.get(blueprint_id, by=by)
        body = blueprint.published_body()
        around = self._around(blueprint, evaluation, by=by)
        plans = plans_of(body, Kind.BLUEPRINT, given, around, evaluation)
        made = await self.making.create(plans, by=by)
        await self._note("deploy", blueprint, by=by, stacks=made.stack_ids)
        return made

    def _take_body(
        self, blueprint: Blueprint, evaluation: Evaluation, *, by: Subject
    ) -> None:
        """Note what a body asks for; what is to be published must be in order."""
        declared = find_inputs(blueprint.body, Kind.BLUEPRINT)
        blueprint.inputs = [one.row() for one in declared]
        if blueprint.state is Publication.PUBLISHED:
            body = blueprint.published_body()
            around = self._around(blueprint, evaluation, by=by)
            problems = body_faults(body, Kind.BLUEPRINT, around, evaluation)
            if problems:
                raise BodyProblemsError(*problems)

    def _around(
        self, blueprint: Blueprint, evaluation: Evaluation, *, by: Subject
    ) -> Occasion:
        return Occasion(
            by=by,
            account=self.account,
            at=evaluation.at,
            seed=evaluation.seed,
            about="blueprint",
            facts={
                "name": blueprint.name,
                "space": blueprint.space_id,
                "labels": list(blueprint.labels),
            },
            times={
                "created_at": blueprint.created_at,
                "updated_at": blueprint.updated_at,
                "published_at": blueprint.published_at or evaluation.at,
            },
        )

    async def _note(
        self, verb: str, blueprint: Blueprint, *, by: Subject, stacks: object = None
    ) -> None:
        await self.trail.note(
            f"blueprint.{verb}",
            Resource(ResourceType.BLUEPRINT, blueprint.id),
            space=blueprint.space_id,
            facts=blueprint.facts() | ({"Stacks": stacks} if stacks else {}),
            by=by,
        )

    async def _require_in(self, space: SpaceId, *, by: Subject) -> None:
        try:
            await self.access.require(by, Action.SPACE_ADMIN, space=space)
        except NotFoundError:
            raise TargetSpaceError(space=space) from None
