"""Stacks as bodies describe them, made and changed by the rights of whoever asks."""

from collections.abc import Sequence
from dataclasses import dataclass

from stackyard.blueprints.errors import BodyProblemsError, NoStackError
from stackyard.blueprints.model.plan import StackPlan
from stackyard.kernel.access import Subject
from stackyard.kernel.ids import RunId, StackId
from stackyard.kernel.needs import Rule, needs
from stackyard.runs import Triggers
from stackyard.spaces import Bindings, Holder, HolderKind
from stackyard.stacks import (
    Stack,
    StackConfig,
    StackContexts,
    StackPolicies,
    StackProblemsError,
    Stacks,
    TrackedCommit,
)


@dataclass(frozen=True, slots=True)
class Made:
    """Stacks in the order of their body, and the run of the first, if one began."""

    stack_ids: list[StackId]
    run_id: RunId | None

    @property
    def stack_id(self) -> StackId:
        """Return the one that clients are told of."""
        return self.stack_ids[0]


@dataclass(frozen=True, slots=True)
class Making:
    stacks: Stacks
    stack_config: StackConfig
    stack_contexts: StackContexts
    stack_policies: StackPolicies
    bindings: Bindings
    triggers: Triggers

    @needs(Rule.PARENT)
    async def create(self, plans: Sequence[StackPlan], *, by: Subject) -> Made:
        """Make all of them, or none; then begin the runs that are asked for."""
        if not plans:
            raise NoStackError
        stacks = [await self._create(plan, by=by) for plan in plans]
        runs = {
            stack.id: (await self.triggers.trigger(stack.id, by=by)).id
            for plan, stack in zip(plans, stacks, strict=True)
            if plan.run
        }
        return Made([stack.id for stack in stacks], runs.get(stacks[0].id))

    @needs(Rule.PARENT)
    async def change(self, stack_id: StackId, plan: StackPlan, *, by: Subject) -> None:
        """Make the stack what the plan says: its variables and contexts as well."""
        try:
            await self.stacks.update(stack_id, plan.spec, by=by)
        except StackProblemsError as error:
            raise _placed(plan, error) from None
        wanted = {one.id for one in plan.config}
        config = await self.stack_config.of([stack_id], by=by)
        for element in config.get(stack_id, []):
            if element.id not in wanted:
                await self.stack_config.delete(stack_id, element.id, by=by)
        await self._strip(stack_id, by=by)
        await self._furnish(stack_id, plan, by=by)

    async def _create(self, plan: StackPlan, *, by: Subject) -> Stack:
        try:
            stack = await self.stacks.create(
                plan.spec, manage_state=plan.manage_state, by=by
            )
        except StackProblemsError as error:
            raise _placed(plan, error) from None
        await self._furnish(stack.id, plan, by=by)
        return stack

    async def _strip(self, stack_id: StackId, *, by: Subject) -> None:
        """Take away what is attached to it, but for what attaches itself."""
        contexts = await self.stack_contexts.of([stack_id], by=by)
        for context in contexts.get(stack_id, []):
            if context.attachment is not None:
                await self.stack_contexts.detach(context.attachment.id, by=by)
        policies = await self.stack_policies.of([stack_id], by=by)
        for policy in policies.get(stack_id, []):
            if policy.attachment_id is not None:
                await self.stack_policies.detach(policy.attachment_id, by=by)
        roles = await self.bindings.of(HolderKind.STACK, [stack_id], by=by)
        for binding in roles.get(stack_id, []):
            await self.bindings.delete(binding.id, HolderKind.STACK, by=by)

    async def _furnish(
        self, stack_id: StackId, plan: StackPlan, *, by: Subject
    ) -> None:
        for element in plan.config:
            await self.stack_config.add(stack_id, element, by=by)
        for context_id, priority in plan.contexts:
            await self.stack_contexts.attach(
                context_id, stack_id, priority=priority, by=by
            )
        for policy_id in plan.policies:
            await self.stack_policies.attach(policy_id, stack_id, by=by)
        holder = Holder(HolderKind.STACK, stack_id)
        for role, space in plan.roles:
            await self.bindings.create(holder, role=role, space=space, by=by)
        if plan.commit is not None:
            commit = TrackedCommit(plan.commit)
            await self.stacks.set_tracked_commit(stack_id, commit, by=by)


def _placed(plan: StackPlan, error: StackProblemsError) -> BodyProblemsError:
    return BodyProblemsError(*(f"{plan.place}: {one}" for one in error.problems))
