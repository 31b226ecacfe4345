"""What lists join in about runs."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

from stackyard.graphql.batches import Batches, grouped, nothing
from stackyard.graphql.loader import Loader
from stackyard.kernel.ids import PoolId, RunId, StackId
from stackyard.runs import Run, RunReview, RunType, Transition
from stackyard.unit import Unit
from stackyard_protocol.report import Change

Step: TypeAlias = tuple[Transition, bool]  # and whether it printed anything


class RunLoaders(Batches):
    @cached_property
    def blockers(self) -> Loader[StackId, Run | None]:
        return self._loader(lambda u, keys: u.runs.blockers(keys, by=self._by), nothing)

    @cached_property
    def newest_runs(self) -> Loader[StackId, RunId | None]:
        return self._loader(lambda u, keys: u.runs.newest(keys, by=self._by), nothing)

    def runs(
        self, types: tuple[RunType, ...], before: RunId | None
    ) -> Loader[StackId, list[Run]]:
        """Return what loads one page of each stack's runs of these types."""
        # the first page is where people look for the run they have just triggered
        open_unit = self._open_list if before else self._open_unit
        made: Loader[StackId, list[Run]] = self._pages.setdefault(
            ("runs", types, before),
            self._loader(
                lambda u, keys: u.runs.of_stacks(
                    keys, types, before=before, by=self._by
                ),
                lambda _: [],
                open_unit,
            ),
        )
        return made

    @cached_property
    def run_changes(self) -> Loader[RunId, list[Change]]:
        return self._loader(
            lambda u, keys: u.runs.changes(keys, by=self._by), lambda _: []
        )

    @cached_property
    def some_runs(self) -> Loader[RunId, Run | None]:
        async def ask(unit: Unit, keys: Sequence[RunId]) -> Mapping[RunId, Run | None]:
            return {one.id: one for one in await unit.runs.some(keys, by=self._by)}

        return self._loader(ask, nothing)

    @cached_property
    def histories(self) -> Loader[RunId, list[Step]]:
        async def ask(unit: Unit, keys: Sequence[RunId]) -> Mapping[RunId, list[Step]]:
            runs = await unit.runs.some(keys, by=self._by)
            steps = await unit.runs.history(keys, by=self._by)
            printed = await unit.logs.versions_with_logs(runs, by=self._by)
            return grouped(
                (step.run_id, (step, (step.run_id, step.version) in printed))
                for step in steps
            )

        return self._loader(ask, lambda _: [])

    @cached_property
    def reviews(self) -> Loader[RunId, list[RunReview]]:
        async def ask(
            unit: Unit, keys: Sequence[RunId]
        ) -> Mapping[RunId, list[RunReview]]:
            found = await unit.reviews.of_runs(keys, by=self._by)
            return grouped((one.run_id, one) for one in found)

        return self._loader(ask, lambda _: [])

    @cached_property
    def waiting_runs(self) -> Loader[PoolId, int]:
        return self._loader(
            lambda u, keys: u.runs.waiting_counts(keys, by=self._by), lambda _: 0
        )
