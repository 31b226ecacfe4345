"""Stacks as bodies describe them, made and changed by the rights of whoever asks."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from stackyard.blueprints.errors import BodyProblemsError, NoStackError
from stackyard.blueprints.model.plan import StackPlan
from stackyard.blueprints.service.furnishing import Furnishing
from stackyard.kernel.access import Subject
from stackyard.kernel.errors import ProblemsError
from stackyard.kernel.ids import RunId, StackId
from stackyard.kernel.needs import Rule, needs
from stackyard.runs import Triggers
from stackyard.stacks import StackDependencies, Stacks


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
    dependencies: StackDependencies
    furnishing: Furnishing
    triggers: Triggers

    @needs(Rule.PARENT)
    async def create(self, plans: Sequence[StackPlan], *, by: Subject) -> Made:
        """Make all of them, or none; then begin the runs that are asked for."""
        if not plans:
            raise NoStackError
        ids: list[StackId] = []
        for plan in plans:
            with _placed(plan):
                stack = await self.stacks.create(
                    plan.spec, manage_state=plan.manage_state, by=by
                )
                await self._finish(stack.id, plan, by=by)
            ids.append(stack.id)
        await self._chain(ids, plans, by=by)
        await self._run(ids, plans, by=by)
        runs = await self.triggers.runs.newest(ids[:1], by=by)
        return Made(ids, runs.get(ids[0]))

    @needs(Rule.PARENT)
    async def change(
        self, ids: Sequence[StackId], plans: Sequence[StackPlan], *, by: Subject
    ) -> None:
        """Make each of these stacks what its plan says, and nothing more."""
        known = await self.dependencies.of(ids, by=by)
        for dependency in (one for several in known.values() for one in several):
            await self.dependencies.delete(dependency.id, by=by)
        for stack_id, plan in zip(ids, plans, strict=True):
            with _placed(plan):
                await self.stacks.update(stack_id, plan.spec, by=by)
                await self.furnishing.strip(stack_id, by=by)
                await self._finish(stack_id, plan, by=by)
        await self._chain(ids, plans, by=by)
        await self._run(ids, plans, by=by)

    async def _finish(self, stack_id: StackId, plan: StackPlan, *, by: Subject) -> None:
        await self.furnishing.furnish(stack_id, plan, by=by)
        if plan.commit is not None:
            await self.stacks.set_tracked_commit(stack_id, plan.commit, by=by)

    async def _chain(
        self, ids: Sequence[StackId], plans: Sequence[StackPlan], *, by: Subject
    ) -> None:
        by_key = _by_key(ids, plans)
        for stack_id, plan in zip(ids, plans, strict=True):
            for above in plan.depends_on:
                with _placed(plan):
                    made = await self.dependencies.create(
                        stack_id, by_key[above], by=by
                    )
                    for key, wanted in plan.references:
                        if key == above:
                            await self.dependencies.add_reference(
                                made.id, wanted, by=by
                            )

    async def _run(
        self, ids: Sequence[StackId], plans: Sequence[StackPlan], *, by: Subject
    ) -> None:
        """Begin the runs; a run brings those of the stacks below with it."""
        above = {plan.key: plan for plan in reversed(plans)}
        for stack_id, plan in zip(ids, plans, strict=True):
            if plan.run and not _is_brought(plan, above):
                await self.triggers.trigger(stack_id, by=by)


def _is_brought(plan: StackPlan, known: Mapping[str, StackPlan]) -> bool:
    """Whether a stack above, however far, has a run that brings one of this."""
    over = [known[key] for key in plan.depends_on]
    return any(one.run or _is_brought(one, known) for one in over)


def _by_key(ids: Sequence[StackId], plans: Sequence[StackPlan]) -> dict[str, StackId]:
    """Return the stack of each key; of several the first."""
    pairs = zip(plans, ids, strict=True)
    return {plan.key: one for plan, one in reversed(list(pairs))}


@contextmanager
def _placed(plan: StackPlan) -> Iterator[None]:
    """Tell a problem with the place that it has in the body."""
    try:
        yield
    except ProblemsError as error:
        problems = (f"{plan.place}: {one}" for one in error.problems)
        raise BodyProblemsError(*problems) from None
