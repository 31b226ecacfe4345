"""What a stack is given beside its settings, as a body describes it."""

from dataclasses import dataclass

from stackyard.blueprints.model.plan import StackPlan
from stackyard.clouds import CloudAttachments
from stackyard.kernel.access import Subject
from stackyard.kernel.ids import StackId
from stackyard.kernel.needs import Rule, needs
from stackyard.spaces import Bindings, Holder, HolderKind
from stackyard.stacks import (
    ScheduleKind,
    Schedules,
    StackConfig,
    StackContexts,
    StackPolicies,
)


@dataclass(frozen=True, slots=True)
class Furnishing:
    config: StackConfig
    contexts: StackContexts
    policies: StackPolicies
    clouds: CloudAttachments
    schedules: Schedules
    bindings: Bindings

    @needs(Rule.PARENT)
    async def furnish(self, stack_id: StackId, plan: StackPlan, *, by: Subject) -> None:
        for element in plan.config:
            await self.config.add(stack_id, element, by=by)
        for context_id, priority in plan.contexts:
            await self.contexts.attach(context_id, stack_id, priority=priority, by=by)
        for policy_id in plan.policies:
            await self.policies.attach(policy_id, stack_id, by=by)
        for cloud in plan.clouds:
            await self.clouds.attach(cloud.kind, cloud.id, stack_id, cloud.use, by=by)
        for errand, timing in plan.schedules:
            await self.schedules.create(stack_id, errand, timing, by=by)
        holder = Holder(HolderKind.STACK, stack_id)
        for role, space in plan.roles:
            await self.bindings.create(holder, role=role, space=space, by=by)

    @needs(Rule.PARENT)
    async def strip(self, stack_id: StackId, *, by: Subject) -> None:
        """Take all of it away, but for what attaches itself by labels."""
        config = await self.config.of([stack_id], by=by)
        for element in config.get(stack_id, []):
            await self.config.delete(stack_id, element.id, by=by)
        contexts = await self.contexts.of([stack_id], by=by)
        for context in contexts.get(stack_id, []):
            if context.attachment is not None:
                await self.contexts.detach(context.attachment.id, by=by)
        policies = await self.policies.of([stack_id], by=by)
        for policy in policies.get(stack_id, []):
            if policy.attachment_id is not None:
                await self.policies.detach(policy.attachment_id, by=by)
        await self.clouds.detach_all(stack_id, by=by)
        await self._unschedule(stack_id, by=by)
        roles = await self.bindings.of(HolderKind.STACK, [stack_id], by=by)
        for binding in roles.get(stack_id, []):
            await self.bindings.delete(binding.id, HolderKind.STACK, by=by)

    async def _unschedule(self, stack_id: StackId, *, by: Subject) -> None:
        for one in await self.schedules.of(stack_id, by=by):
            if one.kind is ScheduleKind.DRIFT_DETECTION:
                await self.schedules.delete_drift(stack_id, by=by)
            else:
                await self.schedules.delete(stack_id, one.id, one.kind, by=by)
