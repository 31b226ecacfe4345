"""What lists join in about what stacks do after one another, and by themselves."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from stackyard.graphql.batches import Batches
from stackyard.graphql.loader import Loader
from stackyard.kernel.ids import ScheduleId, StackId
from stackyard.stacks import DependencyReference, Schedule, StackDependency
from stackyard.unit import Unit


class ChainLoaders(Batches):
    @cached_property
    def dependencies(self) -> Loader[StackId, list[StackDependency]]:
        return self._loader(
            lambda u, keys: u.stack_dependencies.of(keys, by=self._by), lambda _: []
        )

    @cached_property
    def dependents(self) -> Loader[StackId, list[StackDependency]]:
        return self._loader(
            lambda u, keys: u.stack_dependencies.on(keys, by=self._by), lambda _: []
        )

    @cached_property
    def references(self) -> Loader[StackDependency, list[DependencyReference]]:
        async def ask(
            unit: Unit, keys: Sequence[StackDependency]
        ) -> Mapping[StackDependency, list[DependencyReference]]:
            found = await unit.stack_dependencies.references(keys, by=self._by)
            return {
                key: [one for one in found if one.dependency_id == key.id]
                for key in keys
            }

        return self._loader(ask, lambda _: [])

    @cached_property
    def schedules(self) -> Loader[ScheduleId, Schedule | None]:
        return self._loader(
            lambda u, keys: u.schedules.some(keys, by=self._by), lambda _: None
        )

    @cached_property
    def drift(self) -> Loader[StackId, Schedule | None]:
        return self._loader(
            lambda u, keys: u.schedules.drift_of(keys, by=self._by), lambda _: None
        )
