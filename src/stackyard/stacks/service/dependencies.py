"""Use cases of which stack depends on which.

A dependency changes the stack below, which is run and given variables by it: that is
whose administrators make it. The stack above must be one that they may read, and whose
state they may read if an output is to be handed on.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.audit import Resource, ResourceType, Trail
from stackyard.kernel.clock import Clock
from stackyard.kernel.ids import ROOT, DependencyId, ReferenceId, StackId, new_ulid
from stackyard.kernel.needs import Rule, needs
from stackyard.stacks.errors import (
    DependencyCycleError,
    DependencyNotFoundError,
    ReferenceNotFoundError,
    StackDeletingError,
)
from stackyard.stacks.model.dependencies import (
    DependencyReference,
    Edge,
    ReferenceSpec,
    StackDependency,
    cycle_of,
    in_order,
)
from stackyard.stacks.model.stack import Stack
from stackyard.stacks.service.stacks import Stacks
from stackyard.stacks.store import DependencyStore


@dataclass(frozen=True, slots=True)
class StackDependencies:
    store: DependencyStore
    stacks: Stacks
    access: Access
    clock: Clock
    trail: Trail

    @needs(Action.STACK_UPDATE)
    async def create(
        self, stack_id: StackId, depends_on_id: StackId, *, by: Subject
    ) -> StackDependency:
        """Let a stack depend on another, which must not depend on it."""
        await self.store.lock()
        stack = await self.stacks.get(stack_id, by=by)
        await self.access.require(by, Action.STACK_UPDATE, space=stack.space_id)
        await self.stacks.neighbours.ensure_own(stack.id)
        # held until we commit: it cannot begin to go while it is being depended on
        above = await self.stacks.get(depends_on_id, by=by, lock=True)
        for one in (stack, above):
            if one.deleting:
                raise StackDeletingError(stack=one.id)
        await self._check_cycle(stack.id, above.id, by=by)
        dependency = StackDependency(
            id=DependencyId(new_ulid()),
            stack_id=stack.id,
            depends_on_id=above.id,
            created_at=self.clock(),
        )
        await self.store.add(dependency)
        await self._note("create", dependency, stack, by=by)
        return dependency

    @needs(Action.STACK_UPDATE)
    async def delete(
        self, dependency_id: DependencyId, *, by: Subject
    ) -> StackDependency | None:
        """Take it away, with its references; None if there is none."""
        found = await self._find(dependency_id, by=by)
        if found is None:
            return None
        dependency, stack, _ = found
        await self.access.require(by, Action.STACK_UPDATE, space=stack.space_id)
        await self.stacks.neighbours.ensure_own(stack.id)
        await self.store.remove(dependency)
        await self._note("delete", dependency, stack, by=by)
        return dependency

    @needs(Action.STACK_UPDATE)
    async def add_reference(
        self, dependency_id: DependencyId, wanted: ReferenceSpec, *, by: Subject
    ) -> DependencyReference:
        dependency, stack = await self._handing_on(dependency_id, by=by)
        reference = DependencyReference(
            id=ReferenceId(new_ulid()), dependency_id=dependency.id
        )
        reference.set(wanted, at=self.clock())
        await self.store.write(reference)
        await self._note_reference("add_reference", reference, dependency, stack, by=by)
        return reference

    @needs(Action.STACK_UPDATE)
    async def update_reference(
        self, reference_id: ReferenceId, wanted: ReferenceSpec, *, by: Subject
    ) -> DependencyReference:
        """Make all of it what is wanted."""
        reference = await self.store.find_reference(reference_id)
        if reference is None:
            raise ReferenceNotFoundError(reference=reference_id)
        try:
            dependency, stack = await self._handing_on(reference.dependency_id, by=by)
        except DependencyNotFoundError:
            raise ReferenceNotFoundError(reference=reference_id) from None
        reference.set(wanted, at=self.clock())
        await self.store.write(reference)
        await self._note_reference(
            "update_reference", reference, dependency, stack, by=by
        )
        return reference

    @needs(Action.STACK_UPDATE)
    async def delete_reference(
        self, reference_id: ReferenceId, *, by: Subject
    ) -> DependencyReference | None:
        reference = await self.store.find_reference(reference_id)
        if reference is None:
            return None
        found = await self._find(reference.dependency_id, by=by)
        if found is None:
            return None
        dependency, stack, _ = found
        await self.access.require(by, Action.STACK_UPDATE, space=stack.space_id)
        await self.stacks.neighbours.ensure_own(stack.id)
        await self.store.remove(reference)
        await self._note_reference(
            "delete_reference", reference, dependency, stack, by=by
        )
        return reference

    @needs(Action.SPACE_READ)
    async def of(
        self, stack_ids: Collection[StackId], *, by: Subject
    ) -> dict[StackId, list[StackDependency]]:
        """Return what each of these depends on, as far as *by* may read both."""
        spaces = self.stacks.neighbours.visible_spaces(by)
        found: dict[StackId, list[StackDependency]] = defaultdict(list)
        for one in await self.store.of(stack_ids, spaces):
            found[one.stack_id].append(one)
        return dict(found)

    @needs(Action.SPACE_READ)
    async def on(
        self, stack_ids: Collection[StackId], *, by: Subject
    ) -> dict[StackId, list[StackDependency]]:
        """Return what depends on each of these, as far as *by* may read both."""
        spaces = self.stacks.neighbours.visible_spaces(by)
        found: dict[StackId, list[StackDependency]] = defaultdict(list)
        for one in await self.store.on(stack_ids, spaces):
            found[one.depends_on_id].append(one)
        return dict(found)

    @needs(Action.SPACE_READ)
    async def references(
        self, dependencies: Collection[StackDependency], *, by: Subject
    ) -> Sequence[DependencyReference]:
        """Return what these hand on, as far as *by* may read both of their stacks."""
        known = await self.of({one.stack_id for one in dependencies}, by=by)
        readable = {one.id for several in known.values() for one in several}
        return await self.store.references_of(
            [one.id for one in dependencies if one.id in readable]
        )

    @needs(Rule.PLATFORM)
    async def below(self, stack_id: StackId, *, by: Subject) -> Sequence[Edge]:
        """Return every dependency on the stack, and on what depends on it, and on."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        return await self.store.edges_below(stack_id)

    @needs(Rule.PLATFORM)
    async def upstream_first(
        self, stacks: Sequence[Stack], *, by: Subject
    ) -> list[Stack]:
        """Return these so that each comes after those it depends on."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        known = {one.id: one for one in stacks}
        order = in_order(known, await self.store.edges_above(known))
        return [known[one] for one in order if one in known]

    @needs(Rule.PLATFORM)
    async def handed_to(
        self, stack_id: StackId, *, by: Subject
    ) -> Sequence[tuple[StackId, DependencyReference]]:
        """Return what runs of the stack are given, and by which stack."""
        await self.access.require(by, Action.SPACE_ADMIN, space=ROOT)
        return await self.store.handed_to(stack_id)

    async def _check_cycle(
        self, stack_id: StackId, depends_on_id: StackId, *, by: Subject
    ) -> None:
        edges = await self.store.edges_above([depends_on_id])
        cycle = cycle_of((stack_id, depends_on_id), edges)
        if cycle is None:
            return
        readable = await self.stacks.some(set(cycle), by=by)
        named = [f'"{one}"' if one in readable else "another" for one in cycle]
        raise DependencyCycleError(cycle=" depends on ".join(named))

    async def _find(
        self, dependency_id: DependencyId, *, by: Subject
    ) -> tuple[StackDependency, Stack, Stack] | None:
        """Return it, the stack below and the one above, if *by* may know of both."""
        dependency = await self.store.find(dependency_id)
        if dependency is None:
            return None
        stack = await self.stacks.find(dependency.stack_id, by=by)
        above = await self.stacks.find(dependency.depends_on_id, by=by)
        return (dependency, stack, above) if stack and above else None

    async def _handing_on(
        self, dependency_id: DependencyId, *, by: Subject
    ) -> tuple[StackDependency, Stack]:
        found = await self._find(dependency_id, by=by)
        if found is None:
            raise DependencyNotFoundError(dependency=dependency_id)
        dependency, stack, above = found
        await self.access.require(by, Action.STACK_UPDATE, space=stack.space_id)
        await self.stacks.neighbours.ensure_own(stack.id)
        await self.access.require(by, Action.STACK_STATE_READ, space=above.space_id)
        return dependency, stack

    async def _note(
        self,
        verb: str,
        dependency: StackDependency,
        stack: Stack,
        *,
        by: Subject,
        **facts: object,
    ) -> None:
        await self.trail.note(
            f"stack_dependency.{verb}",
            Resource(ResourceType.STACK, dependency.stack_id),
            related=Resource(ResourceType.STACK, dependency.depends_on_id),
            space=stack.space_id,
            facts={"ID": dependency.id} | facts,
            by=by,
        )

    async def _note_reference(
        self,
        verb: str,
        reference: DependencyReference,
        dependency: StackDependency,
        stack: Stack,
        *,
        by: Subject,
    ) -> None:
        await self._note(
            verb,
            dependency,
            stack,
            by=by,
            ReferenceID=reference.id,
            OutputName=reference.output_name,
            InputName=reference.input_name,
            TriggerAlways=reference.trigger_always,
        )
