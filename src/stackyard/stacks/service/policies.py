"""Use cases of which project has which policies.

It guards the project, so it takes an administrator there to give it or take it away.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.ids import AttachmentId, PolicyId, StackId, new_ulid
from stackyard.kernel.needs import Rule, needs
from stackyard.policies import Policies, Policy
from stackyard.stacks.errors import PolicyNotAttachableError, PolicyOutOfReachError
from stackyard.stacks.model.policies import (
    AttachedPolicy,
    PolicyAttachment,
    PolicyCounts,
)
from stackyard.stacks.model.project import Project
from stackyard.stacks.service.stacks import Stacks
from stackyard.stacks.store import PolicyAttachmentStore


@dataclass(frozen=True, slots=True)
class StackPolicies:
    store: PolicyAttachmentStore
    stacks: Stacks
    policies: Policies
    access: Access
    clock: Clock
    trail: Trail

    @needs(Action.SPACE_ADMIN)
    async def attach(
        self, policy_id: PolicyId, stack_id: StackId, *, by: Subject
    ) -> AttachedPolicy:
        """Let a stack or a module have a policy that it reaches, once."""
        project = await self.stacks.project(stack_id, by=by, lock=True)
        await self.access.require(by, Action.SPACE_ADMIN, space=project.space_id)
        await self.stacks.neighbours.ensure_own(project.id)
        policy = await self.policies.get(policy_id, by=by, lock=True, shared=True)
        if not policy.is_attachable:
            raise PolicyNotAttachableError(policy=policy.id)
        if not await self.store.reaches(project, policy.space_id):
            raise PolicyOutOfReachError(policy=policy.id, space=project.space_id)
        attachment = PolicyAttachment(
            id=AttachmentId(new_ulid()),
            policy_id=policy.id,
            stack_id=project.id,
            created_at=self.clock(),
        )
        await self.store.add(attachment)
        await self._note("attach", attachment, project, by=by)
        return _attached(policy, project, attachment)

    @needs(Action.SPACE_ADMIN)
    async def detach(
        self, attachment_id: AttachmentId, *, by: Subject
    ) -> AttachedPolicy | None:
        """Take it away again; None if there is no such attachment."""
        attachment = await self.store.find(attachment_id)
        if attachment is None:
            return None
        project = await self.stacks.find_project(attachment.stack_id, by=by, lock=True)
        if project is None:
            return None
        await self.access.require(by, Action.SPACE_ADMIN, space=project.space_id)
        await self.stacks.neighbours.ensure_own(project.id)
        # once more: who had the project before us may have taken it away
        attachment = await self.store.find(attachment_id, lock=True)
        if attachment is None:
            return None
        policy = await self.policies.find(attachment.policy_id, by=by)
        if policy is None:  # it has just been deleted, and this with it
            return None
        await self.store.remove(attachment)
        await self._note("detach", attachment, project, by=by)
        return _attached(policy, project, attachment)

    @needs(Action.SPACE_READ)
    async def of(
        self, stack_ids: Collection[StackId], *, by: Subject
    ) -> dict[StackId, list[AttachedPolicy]]:
        """Return the policies of each of those of these projects that *by* may read.

        By name. What *by* may not know of is left out.
        """
        readable = await self.stacks.projects(stack_ids, by=by)
        attached = await self.store.of_projects(list(readable))
        known = await self.policies.some({one.policy_id for one in attached}, by=by)
        found: dict[StackId, list[AttachedPolicy]] = defaultdict(list)
        for one in attached:
            if one.policy_id in known:
                found[one.stack_id].append(one)
        return dict(found)

    @needs(Action.SPACE_READ)
    async def having(
        self, policy_ids: Collection[PolicyId], *, by: Subject
    ) -> dict[PolicyId, list[AttachedPolicy]]:
        """Return which projects have each, of what *by* may read; by their names."""
        readable = await self.policies.some(policy_ids, by=by)
        spaces = self.stacks.neighbours.visible_spaces(by)
        found: dict[PolicyId, list[AttachedPolicy]] = defaultdict(list)
        for one in await self.store.of_policies(list(readable), spaces):
            found[one.policy_id].append(one)
        return dict(found)

    @needs(Action.SPACE_READ)
    async def counts(
        self, policy_ids: Collection[PolicyId], *, by: Subject
    ) -> dict[PolicyId, PolicyCounts]:
        """Return how many have each of these policies, of what *by* may read."""
        readable = await self.policies.some(policy_ids, by=by)
        spaces = self.stacks.neighbours.visible_spaces(by)
        return await self.store.counts(list(readable), spaces)

    @needs(Action.SPACE_READ)
    async def by_hand(
        self, pairs: Collection[tuple[PolicyId, StackId]], *, by: Subject
    ) -> dict[tuple[PolicyId, StackId], AttachedPolicy]:
        """Return those of these pairs that somebody made, of what *by* may read."""
        readable = await self.policies.some({policy for policy, _ in pairs}, by=by)
        known = [pair for pair in pairs if pair[0] in readable]
        spaces = self.stacks.neighbours.visible_spaces(by)
        found = await self.store.by_hand(known, spaces)
        return {(one.policy_id, one.stack_id): one for one in found}

    @needs(Rule.PLATFORM)
    async def cut_off(self, policy_id: PolicyId, *, by: Subject) -> Sequence[str]:
        """Name the projects that it is attached to and that do not reach it."""
        del by  # asked in the middle of deciding whether a move is allowed
        return await self.store.cut_off(policy_id)

    async def _note(
        self, verb: str, attachment: PolicyAttachment, project: Project, *, by: Subject
    ) -> None:
        await self.trail.note(
            f"policy.{verb}",
            Resource(ResourceType.POLICY, attachment.policy_id),
            related=project.resource(),
            space=project.space_id,
            facts={"ID": attachment.id},
            by=by,
        )


def _attached(
    policy: Policy, project: Project, attachment: PolicyAttachment
) -> AttachedPolicy:
    return AttachedPolicy(
        policy.id,
        policy.name,
        policy.type,
        project.id,
        project.name,
        attachment.id,
        project.is_module,
    )
