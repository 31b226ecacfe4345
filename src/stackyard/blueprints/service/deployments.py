"""Use cases of deployments: stacks of a template's version, for as long as they live.

The stacks are made, changed and deleted by the rights of whoever asks for it.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from stackyard.blueprints.errors import (
    DeploymentBusyError,
    DeploymentDeletingError,
    DeploymentNotFoundError,
    SlugTakenError,
    TargetSpaceError,
    VersionNotFoundError,
)
from stackyard.blueprints.model.body import Kind, find_inputs
from stackyard.blueprints.model.deployment import (
    Deployed,
    DeployedStack,
    Deployment,
    DeploymentChange,
    DeploymentInput,
    DeploymentSpec,
    ensure_same_stacks,
)
from stackyard.blueprints.model.evaluation import Evaluation
from stackyard.blueprints.model.occasion import Occasion
from stackyard.blueprints.model.plan import StackPlan, pinned
from stackyard.blueprints.model.progress import DeploymentState
from stackyard.blueprints.model.rendering import plans_of
from stackyard.blueprints.model.template import TemplateVersion
from stackyard.blueprints.service.leaving import Leaving
from stackyard.blueprints.service.making import Making
from stackyard.blueprints.service.showing import Showing
from stackyard.blueprints.service.versions import TemplateVersions
from stackyard.blueprints.store import DeploymentStore
from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import ConflictError, NotFoundError
from stackyard.kernel.ids import (
    ROOT,
    DeploymentId,
    SpaceId,
    TemplateId,
    TemplateVersionId,
)
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.secrets import Vault

_BUSY: Final = {DeploymentState.IN_PROGRESS, DeploymentState.UNCONFIRMED}


@dataclass(frozen=True, slots=True)
class Deployments:
    store: DeploymentStore
    versions: TemplateVersions
    making: Making
    showing: Showing
    leaving: Leaving
    access: Access
    vault: Vault
    clock: Clock
    trail: Trail
    account: str

    @needs(Action.SPACE_READ)
    async def find(
        self, template_id: TemplateId, deployment_id: DeploymentId, *, by: Subject
    ) -> Deployed | None:
        """Return the deployment, or None if there is none that *by* may know of."""
        deployment = await self._find(template_id, deployment_id, by=by)
        if deployment is None:
            return None
        return await self.showing.shown(deployment, by=by)

    @needs(Action.STACK_CREATE)
    async def create(
        self,
        version_id: TemplateVersionId,
        space_id: SpaceId,
        spec: DeploymentSpec,
        evaluation: Evaluation,
        *,
        by: Subject,
    ) -> Deployed:
        """Make the stacks of a published version, and begin a run of each."""
        version = await self.versions.get(version_id, by=by, lock=True)
        await self._require_in(space_id, by=by)
        deployment = Deployment.create(
            version, spec, space_id=space_id, seed=evaluation.seed, at=evaluation.at
        )
        if await self.store.find(version.template_id, deployment.id) is not None:
            raise SlugTakenError(noun="deployment", slug=deployment.id)
        found = self._plans(deployment, version, spec.inputs, evaluation, by=by)
        plans = [
            replace(one, spec=replace(one.spec, space_id=space_id)) for one in found
        ]
        await self.store.add(deployment)
        await self._keep_inputs(deployment, version, spec.inputs)
        made = await self.making.create(plans, by=by)
        for position, (plan, stack) in enumerate(
            zip(plans, made.stack_ids, strict=True)
        ):
            await self.store.add_stack(
                DeployedStack(
                    template_id=deployment.template_id,
                    deployment_id=deployment.id,
                    key=plan.key,
                    position=position,
                    stack_id=stack,
                )
            )
        await self._note("create", deployment, by=by)
        return await self.showing.shown(deployment, by=by)

    @needs(Action.STACK_UPDATE)
    async def update(
        self,
        template_id: TemplateId,
        deployment_id: DeploymentId,
        change: DeploymentChange,
        evaluation: Evaluation,
        *,
        by: Subject,
    ) -> Deployed:
        """Bring the stacks up to date in their places, and begin a run of each.

        They are left alone if neither version nor name nor inputs change.
        """
        deployment = await self._get(template_id, deployment_id, by=by)
        await self.access.require(by, Action.STACK_UPDATE, space=deployment.space_id)
        wanted = change.version_id or deployment.version_id
        version = await self._version(deployment, wanted, by=by)
        kept = await self._clear_inputs(deployment)
        given = _declared(version, kept) if change.inputs is None else change.inputs
        name = change.name or deployment.name
        before = (deployment.version_id, deployment.name, kept)
        spec = DeploymentSpec(name=name, description=change.description, inputs=given)
        deployment.change(version, spec, at=evaluation.at)
        if before != (version.id, name, given):
            await self._ensure_settled(deployment, by=by)
            await self._change_stacks(deployment, version, spec, evaluation, by=by)
        await self.store.write()
        await self._note("update", deployment, by=by)
        return await self.showing.shown(deployment, by=by)

    @needs(Action.STACK_DELETE)
    async def delete(
        self, template_id: TemplateId, deployment_id: DeploymentId, *, by: Subject
    ) -> Deployed | None:
        """Delete its stacks, and with the last of them the deployment is gone.

        What they made is destroyed first. None if the deployment is gone already.
        """
        deployment = await self._find(template_id, deployment_id, by=by, lock=True)
        if deployment is None:
            return None
        await self.access.require(by, Action.STACK_DELETE, space=deployment.space_id)
        placed = await self.store.stacks_of(deployment)
        await self.leaving.ensure_unused(placed, by=by)
        deployment.request_deletion(at=self.clock())
        for one in placed:
            one.going = False  # tried again, if it was tried before
        await self.leaving.let_go(deployment, by=by)
        await self._note("delete", deployment, by=by)
        shown = await self.showing.shown(deployment, by=by)
        if not placed:
            await self.store.remove(deployment)
        return shown

    @needs(Rule.PLATFORM)
    async def go_on(self, *, by: Subject) -> None:
        """A stack is gone: delete those that it stood below, and what is empty now.

        A deployment with a stack that may not go keeps no other; its state says so.
        """
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        for deployment in await self.store.deleting():
            if await self.store.stacks_of(deployment):
                with suppress(ConflictError):
                    await self.leaving.let_go(deployment, by=by)
            else:
                await self.store.remove(deployment)
                await self._note("purge", deployment, by=by)

    async def _change_stacks(
        self,
        deployment: Deployment,
        version: TemplateVersion,
        spec: DeploymentSpec,
        evaluation: Evaluation,
        *,
        by: Subject,
    ) -> None:
        had = {one.key: one.stack_id for one in await self.store.stacks_of(deployment)}
        plans = self._plans(deployment, version, spec.inputs, evaluation, by=by)
        ensure_same_stacks(list(had), [plan.key for plan in plans])
        await self._keep_inputs(deployment, version, spec.inputs)
        await self.making.change([had[plan.key] for plan in plans], plans, by=by)

    def _plans(
        self,
        deployment: Deployment,
        version: TemplateVersion,
        given: Mapping[str, str],
        evaluation: Evaluation,
        *,
        by: Subject,
    ) -> list[StackPlan]:
        around = Occasion(
            by=by,
            account=self.account,
            at=evaluation.at,
            seed=deployment.seed,
            about="deployment",
            facts={"name": deployment.name, "slug": deployment.id},
            times={"created_at": deployment.created_at},
        )
        body = version.published_body()
        plans = plans_of(body, Kind.TEMPLATE, given, around, evaluation)
        commits = version.commits
        plans = [
            pinned(one, commits[one.key]) if one.key in commits else one
            for one in plans
        ]
        return [replace(one, run=True) for one in plans]

    async def _keep_inputs(
        self,
        deployment: Deployment,
        version: TemplateVersion,
        given: Mapping[str, str],
    ) -> None:
        declared = {one.id: one for one in find_inputs(version.body, Kind.TEMPLATE)}
        await self.store.replace_inputs(
            deployment,
            [
                DeploymentInput.hold(
                    deployment,
                    declared[name],
                    value,
                    position=position,
                    vault=self.vault,
                )
                for position, (name, value) in enumerate(given.items())
            ],
        )

    async def _clear_inputs(self, deployment: Deployment) -> dict[str, str]:
        held = await self.store.inputs_of(deployment)
        return {one.id: one.clear(self.vault) for one in held}

    async def _ensure_settled(self, deployment: Deployment, *, by: Subject) -> None:
        if (await self.showing.shown(deployment, by=by)).state in _BUSY:
            raise DeploymentBusyError(deployment=deployment.id)

    async def _version(
        self, deployment: Deployment, wanted: TemplateVersionId, *, by: Subject
    ) -> TemplateVersion:
        """Return the version to be at: the one it has, or another of its template."""
        if wanted == deployment.version_id:
            return deployment.version
        version = await self.versions.get(wanted, by=by, lock=True)
        if version.template_id != deployment.template_id:
            raise VersionNotFoundError(version=wanted)
        return version

    async def _find(
        self,
        template_id: TemplateId,
        deployment_id: DeploymentId,
        *,
        by: Subject,
        lock: bool = False,
    ) -> Deployment | None:
        deployment = await self.store.find(template_id, deployment_id, lock=lock)
        try:
            # asked for a missing one as well: the answer must not tell them apart
            space = deployment.space_id if deployment else ROOT
            await self.access.require(by, Action.SPACE_READ, space=space)
        except NotFoundError:
            return None
        return deployment

    async def _get(
        self, template_id: TemplateId, deployment_id: DeploymentId, *, by: Subject
    ) -> Deployment:
        deployment = await self._find(template_id, deployment_id, by=by, lock=True)
        if deployment is None:
            raise DeploymentNotFoundError(deployment=deployment_id)
        if deployment.deletion_requested_at is not None:
            raise DeploymentDeletingError(deployment=deployment_id)
        return deployment

    async def _require_in(self, space: SpaceId, *, by: Subject) -> None:
        try:
            await self.access.require(by, Action.STACK_CREATE, space=space)
        except NotFoundError:
            raise TargetSpaceError(space=space) from None

    async def _note(self, verb: str, deployment: Deployment, *, by: Subject) -> None:
        await self.trail.note(
            f"template_deployment.{verb}",
            Resource(ResourceType.BLUEPRINT, deployment.id),
            related=Resource(ResourceType.BLUEPRINT, deployment.template_id),
            space=deployment.space_id,
            facts=deployment.facts(),
            by=by,
        )


def _declared(version: TemplateVersion, kept: Mapping[str, str]) -> dict[str, str]:
    """Return what was filled in before, of what the version still asks for."""
    known = {one.id for one in find_inputs(version.body, Kind.TEMPLATE)}
    return {name: value for name, value in kept.items() if name in known}
