from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from stackyard.kernel.constraints import said_as
from stackyard.kernel.errors import StackyardError
from stackyard.kernel.ids import DependencyId, ReferenceId, SpaceId, StackId
from stackyard.stacks.errors import (
    DependencyExistsError,
    DependencyNotFoundError,
    InputTakenError,
    StackNotFoundError,
)
from stackyard.stacks.model.dependencies import (
    DependencyReference,
    Edge,
    StackDependency,
)
from stackyard.stacks.model.stack import Stack

_MEANINGS: Final[dict[str, type[StackyardError]]] = {
    "uq_stack_dependencies_stack_id_depends_on_id": DependencyExistsError,
    "fk_stack_dependencies_stack_id": StackNotFoundError,
    "fk_stack_dependencies_depends_on_id": StackNotFoundError,
    "uq_stack_dependency_references_dependency_id_input_name": InputTakenError,
    "fk_stack_dependency_references_dependency_id": DependencyNotFoundError,
}


@dataclass(frozen=True, slots=True)
class DependencyStore:
    session: AsyncSession

    async def find(self, dependency_id: DependencyId) -> StackDependency | None:
        return await self.session.get(StackDependency, dependency_id)

    async def find_reference(
        self, reference_id: ReferenceId
    ) -> DependencyReference | None:
        return await self.session.get(DependencyReference, reference_id)

    async def add(self, dependency: StackDependency) -> None:
        facts = {"stack": dependency.stack_id, "depends_on": dependency.depends_on_id}
        with said_as(_MEANINGS, **facts):
            async with self.session.begin_nested():
                self.session.add(dependency)

    async def write(self, reference: DependencyReference) -> None:
        """Store it, new or changed; an input is given once by each dependency."""
        with said_as(_MEANINGS, input=reference.input_name):
            async with self.session.begin_nested():
                self.session.add(reference)

    async def remove(self, gone: StackDependency | DependencyReference) -> None:
        await self.session.delete(gone)
        await self.session.flush()

    async def lock(self) -> None:
        """Let nobody else add a dependency until we commit: two could be a cycle."""
        key = func.hashtextextended("stack-dependencies", 0)
        await self.session.execute(select(func.pg_advisory_xact_lock(key)))

    async def edges_above(self, ids: Collection[StackId]) -> Sequence[Edge]:
        """Return every dependency of these, and of what they depend on, and on."""
        way = (
            select(StackDependency.stack_id.label("id"))
            .where(StackDependency.stack_id.in_(ids))
            .cte("above", recursive=True)
        )
        way = way.union(
            select(StackDependency.depends_on_id).join(
                way, way.c.id == StackDependency.stack_id
            )
        )
        query = select(StackDependency.stack_id, StackDependency.depends_on_id).where(
            StackDependency.stack_id.in_(select(way.c.id))
        )
        return [(one, other) for one, other in await self.session.execute(query)]

    async def edges_below(self, stack_id: StackId) -> Sequence[Edge]:
        """Return every dependency on the stack, and on what depends on it, and on."""
        way = (
            select(StackDependency.depends_on_id.label("id"))
            .where(StackDependency.depends_on_id == stack_id)
            .cte("below", recursive=True)
        )
        way = way.union(
            select(StackDependency.stack_id).join(
                way, way.c.id == StackDependency.depends_on_id
            )
        )
        query = (
            select(StackDependency.stack_id, StackDependency.depends_on_id)
            .where(StackDependency.depends_on_id.in_(select(way.c.id)))
            .order_by(StackDependency.id)
        )
        return [(one, other) for one, other in await self.session.execute(query)]

    async def handed_to(
        self, stack_id: StackId
    ) -> Sequence[tuple[StackId, DependencyReference]]:
        """Return what the stack is given, and by which stack."""
        query = (
            select(StackDependency.depends_on_id, DependencyReference)
            .join(
                DependencyReference,
                DependencyReference.dependency_id == StackDependency.id,
            )
            .where(StackDependency.stack_id == stack_id)
            .order_by(DependencyReference.id)
        )
        return [(above, one) for above, one in await self.session.execute(query)]

    async def of(
        self, ids: Collection[StackId], spaces: Select[SpaceId]
    ) -> Sequence[StackDependency]:
        """Return what these depend on, of what lies in *spaces*. One query."""
        return await self._between(StackDependency.stack_id.in_(ids), spaces)

    async def on(
        self, ids: Collection[StackId], spaces: Select[SpaceId]
    ) -> Sequence[StackDependency]:
        """Return what depends on these, of what lies in *spaces*. One query."""
        return await self._between(StackDependency.depends_on_id.in_(ids), spaces)

    async def _between(
        self, which: ColumnElement[bool], spaces: Select[SpaceId]
    ) -> Sequence[StackDependency]:
        visible = select(Stack.id).where(Stack.space_id.in_(spaces))
        query = (
            select(StackDependency)
            .where(
                which,
                StackDependency.stack_id.in_(visible),
                StackDependency.depends_on_id.in_(visible),
            )
            .order_by(StackDependency.id)
        )
        return (await self.session.scalars(query)).all()

    async def references_of(
        self, ids: Collection[DependencyId]
    ) -> Sequence[DependencyReference]:
        query = (
            select(DependencyReference)
            .where(DependencyReference.dependency_id.in_(ids))
            .order_by(DependencyReference.id)
        )
        return (await self.session.scalars(query)).all()
