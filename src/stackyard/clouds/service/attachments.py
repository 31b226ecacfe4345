"""Use cases of which stack or module has which cloud integration."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from stackyard.clouds.errors import CloudAttachmentNotFoundError, CloudOutOfReachError
from stackyard.clouds.model.attachment import AttachedCloud, CloudAttachment, Use
from stackyard.clouds.model.integration import CloudIntegration
from stackyard.clouds.service.integrations import Clouds
from stackyard.clouds.store import CloudAttachmentStore
from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.ids import AttachmentId, CloudId, StackId, new_ulid
from stackyard.kernel.needs import Rule, needs
from stackyard.stacks import Project, Reaching, Stacks

Found: TypeAlias = tuple[CloudAttachment, CloudIntegration, Project]


@dataclass(frozen=True, slots=True)
class CloudAttachments:
    store: CloudAttachmentStore
    stacks: Stacks
    clouds: Clouds
    access: Access
    clock: Clock
    trail: Trail

    @needs(Action.STACK_UPDATE)
    async def attach(
        self,
        kind: type[CloudIntegration],
        integration_id: CloudId,
        stack_id: StackId,
        use: Use,
        *,
        by: Subject,
    ) -> AttachedCloud:
        """Let a project have an integration that it reaches, once."""
        project = await self.stacks.project(stack_id, by=by, lock=True)
        await self.access.require(by, Action.STACK_UPDATE, space=project.space_id)
        await self.stacks.neighbours.ensure_own(project.id)
        integration = await self.clouds.get(
            kind, integration_id, by=by, lock=True, shared=True
        )
        if not await self.store.reaches(project, integration.space_id):
            raise CloudOutOfReachError(
                integration=integration.id, space=project.space_id
            )
        attachment = CloudAttachment(
            id=AttachmentId(new_ulid()),
            integration_id=integration.id,
            stack_id=project.id,
            created_at=self.clock(),
        )
        attachment.change(use)
        await self.store.add(attachment)
        await self._note("attach", (attachment, integration, project), by=by)
        return _attached(project, attachment)

    @needs(Action.STACK_UPDATE)
    async def update(
        self,
        kind: type[CloudIntegration],
        attachment_id: AttachmentId,
        use: Use,
        *,
        by: Subject,
    ) -> AttachedCloud:
        """Say anew what it is for."""
        found = await self._change(kind, attachment_id, by=by)
        if found is None:
            raise CloudAttachmentNotFoundError(attachment=attachment_id)
        attachment, _integration, project = found
        attachment.change(use)
        await self._note("update_attachment", found, by=by)
        return _attached(project, attachment)

    @needs(Action.STACK_UPDATE)
    async def detach(
        self,
        kind: type[CloudIntegration],
        attachment_id: AttachmentId,
        *,
        by: Subject,
    ) -> AttachedCloud | None:
        """Take it away again; None if there is no such attachment."""
        found = await self._change(kind, attachment_id, by=by)
        if found is None:
            return None
        attachment, _integration, project = found
        await self.store.remove(attachment)
        await self._note("detach", found, by=by)
        return _attached(project, attachment)

    @needs(Action.SPACE_READ)
    async def having(
        self, ids: Collection[CloudId], *, by: Subject
    ) -> dict[CloudId, list[AttachedCloud]]:
        """Return by which projects each is had, of what *by* may read; by their names.

        Those that have it by its labels come last.
        """
        readable = await self.clouds.readable(ids, by=by)
        spaces = self.clouds.visible_spaces(by)
        found: dict[CloudId, list[AttachedCloud]] = defaultdict(list)
        for one in await self.store.of_integrations(readable, spaces):
            found[one.integration_id].append(one)
        return dict(found)

    @needs(Action.STACK_UPDATE)
    async def detach_all(self, stack_id: StackId, *, by: Subject) -> None:
        """Take away every integration that somebody gave a project."""
        project = await self.stacks.project(stack_id, by=by, lock=True)
        await self.access.require(by, Action.STACK_UPDATE, space=project.space_id)
        await self.stacks.neighbours.ensure_own(project.id)
        for attachment, integration in await self.store.of_project(project.id):
            await self.store.remove(attachment)
            await self._note("detach", (attachment, integration, project), by=by)

    @needs(Rule.PLATFORM)
    async def cut_off(self, reaching: Reaching, *, by: Subject) -> Sequence[str]:
        """Name what projects use and do not reach by these pairs."""
        del by  # asked in the middle of deciding whether a move is allowed
        return await self.store.cut_off(reaching)

    @needs(Rule.PLATFORM)
    async def cut_off_of(self, project_id: StackId, *, by: Subject) -> Sequence[str]:
        """Name what a project uses and does not reach from where it is now."""
        del by  # asked in the middle of deciding whether a move is allowed
        return await self.store.cut_off_of_project(project_id)

    async def _change(
        self,
        kind: type[CloudIntegration],
        attachment_id: AttachmentId,
        *,
        by: Subject,
    ) -> Found | None:
        attachment = await self.store.find(attachment_id)
        if attachment is None:
            return None
        project = await self.stacks.find_project(attachment.stack_id, by=by, lock=True)
        if project is None:
            return None
        await self.access.require(by, Action.STACK_UPDATE, space=project.space_id)
        await self.stacks.neighbours.ensure_own(project.id)
        # once more: who had the project before us may have changed it, or taken it away
        attachment = await self.store.find(attachment_id, lock=True)
        if attachment is None:
            return None
        integration = await self.clouds.find(kind, attachment.integration_id, by=by)
        return (attachment, integration, project) if integration else None

    async def _note(self, verb: str, found: Found, *, by: Subject) -> None:
        attachment, integration, project = found
        await self.trail.note(
            f"{integration.resource_type.lower()}.{verb}",
            integration.resource(),
            related=project.resource(),
            space=project.space_id,
            facts={
                "ID": attachment.id,
                "Read": attachment.read,
                "Write": attachment.write,
            },
            by=by,
        )


def _attached(project: Project, attachment: CloudAttachment) -> AttachedCloud:
    return AttachedCloud(
        attachment.integration_id,
        project.id,
        project.name,
        project.is_module,
        attachment,
    )
