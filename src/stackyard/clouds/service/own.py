"""Use cases of a project's own role in AWS, and of its account at Google's."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from stackyard.clouds.model.own import AwsRole, AwsRoleSpec, GcpAccount
from stackyard.clouds.store import OwnCloudStore
from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.ids import StackId
from stackyard.kernel.needs import needs
from stackyard.stacks import Project, Stacks


@dataclass(frozen=True, slots=True)
class OwnClouds:
    store: OwnCloudStore
    stacks: Stacks
    access: Access
    clock: Clock
    trail: Trail

    @needs(Action.STACK_UPDATE)
    async def set_role(
        self, stack_id: StackId, spec: AwsRoleSpec, *, by: Subject
    ) -> AwsRole:
        """Give the project this role, in the place of the one it has."""
        project = await self._change(stack_id, by=by)
        role = await self.store.find(AwsRole, project.id)
        role = role or AwsRole(stack_id=project.id)
        role.change(spec, at=self.clock())
        await self.store.write(role)
        await self._note("aws_role.set", project, role.facts(), by=by)
        return role

    @needs(Action.STACK_UPDATE)
    async def drop_role(self, stack_id: StackId, *, by: Subject) -> None:
        """Take the role away; a second time does no harm."""
        project = await self._change(stack_id, by=by)
        role = await self.store.find(AwsRole, project.id)
        if role is not None:
            await self.store.remove(role)
            await self._note("aws_role.delete", project, role.facts(), by=by)

    @needs(Action.STACK_UPDATE)
    async def set_account(
        self, stack_id: StackId, scopes: tuple[str, ...], *, by: Subject
    ) -> GcpAccount:
        """Give the project an account, or the one that it has other scopes."""
        project = await self._change(stack_id, by=by)
        account = await self.store.find(GcpAccount, project.id)
        account = account or GcpAccount.create(project.id)
        account.change(scopes, at=self.clock())
        await self.store.write(account)
        await self._note("gcp_account.set", project, account.facts(), by=by)
        return account

    @needs(Action.STACK_UPDATE)
    async def drop_account(self, stack_id: StackId, *, by: Subject) -> None:
        """Take the account away; a second time does no harm."""
        project = await self._change(stack_id, by=by)
        account = await self.store.find(GcpAccount, project.id)
        if account is not None:
            await self.store.remove(account)
            await self._note("gcp_account.delete", project, account.facts(), by=by)

    @needs(Action.SPACE_READ)
    async def roles(
        self, stack_ids: Collection[StackId], *, by: Subject
    ) -> dict[StackId, AwsRole]:
        """Return the roles of those of these projects that *by* may read."""
        readable = await self.stacks.projects(stack_ids, by=by)
        return await self.store.of(AwsRole, list(readable))

    @needs(Action.SPACE_READ)
    async def accounts(
        self, stack_ids: Collection[StackId], *, by: Subject
    ) -> dict[StackId, GcpAccount]:
        """Return the accounts of those of these projects that *by* may read."""
        readable = await self.stacks.projects(stack_ids, by=by)
        return await self.store.of(GcpAccount, list(readable))

    async def _change(self, stack_id: StackId, *, by: Subject) -> Project:
        project = await self.stacks.project(stack_id, by=by, lock=True)
        await self.access.require(by, Action.STACK_UPDATE, space=project.space_id)
        await self.stacks.neighbours.ensure_own(project.id)
        return project

    async def _note(
        self, action: str, project: Project, facts: Mapping[str, Any], *, by: Subject
    ) -> None:
        await self.trail.note(
            action, project.resource(), space=project.space_id, facts=facts, by=by
        )
