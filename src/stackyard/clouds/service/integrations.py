"""Use cases of cloud integrations: load, ask leave, decide, tell.

What they need of whoever asks is to administer the space: no role names less. *kind* is
the class of one cloud's integrations; that of another cloud is none of it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

from stackyard.clouds.errors import (
    CloudInUseError,
    CloudNotFoundError,
    CloudSpaceError,
    CloudUnreachableError,
)
from stackyard.clouds.model.aws import AwsIntegration
from stackyard.clouds.model.integration import CloudIntegration, CloudSpec
from stackyard.clouds.store import CloudAttachmentStore, CloudStore
from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import LEGACY, ROOT, CloudId, SpaceId, StackId
from stackyard.kernel.needs import needs
from stackyard.kernel.site import Site
from stackyard.stacks import Stacks, VisibleSpaces

I = TypeVar("I", bound=CloudIntegration)  # noqa: E741 - an integration


@dataclass(frozen=True, slots=True)
class Clouds:
    store: CloudStore
    attachments: CloudAttachmentStore
    stacks: Stacks
    access: Access
    clock: Clock
    site: Site
    visible_spaces: VisibleSpaces
    trail: Trail

    @needs(Action.SPACE_READ)
    async def find(
        self,
        kind: type[I],
        integration_id: CloudId,
        *,
        by: Subject,
        lock: bool = False,
        shared: bool = False,
    ) -> I | None:
        """Return the integration, or None if there is none that *by* may know of."""
        found = await self.store.find(kind, integration_id, lock=lock, shared=shared)
        try:
            # asked for a missing one as well: the answer must not tell them apart
            space = found.space_id if found else ROOT
            await self.access.require(by, Action.SPACE_READ, space=space)
        except NotFoundError:
            return None
        return found

    @needs(Action.SPACE_READ)
    async def get(
        self,
        kind: type[I],
        integration_id: CloudId,
        *,
        by: Subject,
        lock: bool = False,
        shared: bool = False,
    ) -> I:
        found = await self.find(kind, integration_id, by=by, lock=lock, shared=shared)
        if found is None:
            raise CloudNotFoundError(integration=integration_id)
        return found

    @needs(Action.SPACE_READ)
    async def all(self, kind: type[I], *, by: Subject) -> Sequence[I]:
        """Return every one that *by* may read, by name."""
        return await self.store.all_in(kind, self.visible_spaces(by))

    @needs(Action.SPACE_READ)
    async def named(self, kind: type[I], name: str, *, by: Subject) -> I | None:
        """Return the one of exactly that name, if *by* may read it."""
        return await self.store.named(kind, name, self.visible_spaces(by))

    @needs(Action.SPACE_READ)
    async def readable(
        self, ids: Collection[CloudId], *, by: Subject
    ) -> Sequence[CloudId]:
        """Return those of these that *by* may read."""
        return await self.store.readable(ids, self.visible_spaces(by))

    @needs(Action.SPACE_READ)
    async def external_id(
        self,
        integration: AwsIntegration,
        stack_id: StackId,
        *,
        write: bool,
        by: Subject,
    ) -> str:
        """Return what its role is asked with on behalf of a project; `write` or not."""
        project = await self.stacks.project(stack_id, by=by)
        return integration.external_id_for(
            project.id, account=self.site.account, write=write
        )

    @needs(Action.SPACE_ADMIN)
    async def count_in(self, space: SpaceId, *, by: Subject) -> int:
        """Return how many are in a space, to an administrator of it."""
        await self.access.require(by, Action.SPACE_ADMIN, space=space)
        return await self.store.count_in(space)

    @needs(Action.SPACE_ADMIN)
    async def create(self, kind: type[I], spec: CloudSpec, *, by: Subject) -> I:
        space_id = spec.space_id or LEGACY
        await self._require_in(space_id, by=by)
        made = kind.create(
            spec, space_id=space_id, account=self.site.account, at=self.clock()
        )
        await self.store.add(made)
        await self._note("create", made, by=by)
        return made

    @needs(Action.SPACE_ADMIN)
    async def update(
        self, kind: type[I], integration_id: CloudId, spec: CloudSpec, *, by: Subject
    ) -> I:
        """Replace all settings. The projects that it is attached to must reach it."""
        found = await self.get(kind, integration_id, by=by, lock=True)
        await self.access.require(by, Action.SPACE_ADMIN, space=found.space_id)
        space_id = spec.space_id or found.space_id
        moves = space_id != found.space_id
        if moves:
            await self._require_in(space_id, by=by)
        found.change(spec, space_id=space_id, at=self.clock())
        await self.store.write(found)
        if moves:
            lost = await self.attachments.cut_off_of_integration(found.id)
            if lost:
                raise CloudUnreachableError(space=space_id, uses=", ".join(lost))
        await self._note("update", found, by=by)
        return found

    @needs(Action.SPACE_ADMIN)
    async def delete(
        self, kind: type[I], integration_id: CloudId, *, by: Subject
    ) -> I | None:
        """Delete it, if nobody attached it to anything; None if it is gone."""
        found = await self.find(kind, integration_id, by=by, lock=True)
        if found is None:
            return None
        await self.access.require(by, Action.SPACE_ADMIN, space=found.space_id)
        having = await self.attachments.attached_by_hand(found.id)
        if having:
            raise CloudInUseError(integration=found.id, attached_to=", ".join(having))
        await self.store.remove(found)
        await self._note("delete", found, by=by)
        return found

    async def _note(self, verb: str, one: CloudIntegration, *, by: Subject) -> None:
        await self.trail.note(
            f"{one.resource_type.lower()}.{verb}",
            one.resource(),
            space=one.space_id,
            facts=one.facts(),
            by=by,
        )

    async def _require_in(self, space: SpaceId, *, by: Subject) -> None:
        try:
            await self.access.require(by, Action.SPACE_ADMIN, space=space)
        except NotFoundError:
            raise CloudSpaceError(space=space) from None
