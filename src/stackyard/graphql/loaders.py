"""Batches: what sibling fields ask for one by one is fetched in one query.

A set of loaders lives as long as one request, so nothing is cached across requests.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Generic, TypeAlias, TypeVar

from stackyard.identity import SecurityKey, User, UserGroup
from stackyard.kernel.access import Level, Subject
from stackyard.kernel.ids import (
    GroupId,
    PoolId,
    RoleId,
    RunId,
    SpaceId,
    StackId,
    UserId,
)
from stackyard.runs import Run
from stackyard.spaces import HolderKind, Role, RoleBinding, Space, SpaceNotFoundError
from stackyard.stacks import Stack
from stackyard.state import StackOutput, StackResource
from stackyard.unit import OpenUnit, Unit
from stackyard.workers import Pool, PoolCounts, Worker

K = TypeVar("K")
V = TypeVar("V")
Rule: TypeAlias = tuple[SpaceId, Level]


class Loader(Generic[K, V]):
    """Collects the keys of one turn of the event loop, and asks for them together."""

    def __init__(
        self,
        fetch: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]],
        missing: Callable[[K], V],
    ) -> None:
        self._fetch = fetch
        self._missing = missing
        self._waiting: dict[K, asyncio.Future[V]] = {}
        self._task: asyncio.Task[None] | None = None

    async def load(self, key: K) -> V:
        if key not in self._waiting:
            self._waiting[key] = asyncio.get_running_loop().create_future()
            if self._task is None:
                self._task = asyncio.create_task(self._run())
        return await asyncio.shield(self._waiting[key])

    async def _run(self) -> None:
        await asyncio.sleep(0)  # let the siblings say what they want
        batch, self._waiting, self._task = self._waiting, {}, None
        try:
            found = await self._fetch(list(batch))
            answers = {
                key: found[key] if key in found else self._missing(key) for key in batch
            }
        except Exception as error:  # noqa: BLE001 - each that waits raises it
            for future in batch.values():
                future.set_exception(error)
            return
        for key, future in batch.items():
            future.set_result(answers[key])


def _none(_key: object) -> None:
    return None


class Loaders:
    """Everything that lists of the graph join in."""

    def __init__(self, open_unit: OpenUnit, subject: Subject) -> None:
        self._open_unit = open_unit
        self._by = subject

    def _loader(
        self,
        ask: Callable[[Unit, Sequence[K]], Awaitable[Mapping[K, V]]],
        missing: Callable[[K], V],
    ) -> Loader[K, V]:
        async def fetch(keys: Sequence[K]) -> Mapping[K, V]:
            async with self._open_unit() as unit:
                return await ask(unit, keys)

        return Loader(fetch, missing)

    @cached_property
    def blockers(self) -> Loader[StackId, Run | None]:
        return self._loader(lambda u, keys: u.runs.blockers(keys, by=self._by), _none)

    @cached_property
    def newest_runs(self) -> Loader[StackId, RunId | None]:
        return self._loader(lambda u, keys: u.runs.newest(keys, by=self._by), _none)

    @cached_property
    def stacks(self) -> Loader[StackId, Stack | None]:
        return self._loader(lambda u, keys: u.stacks.some(keys, by=self._by), _none)

    @cached_property
    def pools(self) -> Loader[PoolId, Pool | None]:
        return self._loader(lambda u, keys: u.pools.some(keys, by=self._by), _none)

    @cached_property
    def pool_counts(self) -> Loader[PoolId, PoolCounts]:
        return self._loader(
            lambda u, keys: u.pools.counts(keys, by=self._by), lambda _: PoolCounts()
        )

    @cached_property
    def waiting_runs(self) -> Loader[PoolId, int]:
        return self._loader(
            lambda u, keys: u.runs.waiting_counts(keys, by=self._by), lambda _: 0
        )

    @cached_property
    def workers(self) -> Loader[PoolId, list[Worker]]:
        async def ask(
            unit: Unit, keys: Sequence[PoolId]
        ) -> Mapping[PoolId, list[Worker]]:
            found = await unit.workers.of(keys, by=self._by)
            return _grouped((worker.pool_id, worker) for worker in found)

        return self._loader(ask, lambda _: [])

    @cached_property
    def spaces(self) -> Loader[SpaceId, Space]:
        async def ask(unit: Unit, _keys: Sequence[SpaceId]) -> Mapping[SpaceId, Space]:
            return {one.id: one for one in await unit.spaces.list(by=self._by)}

        return self._loader(ask, _no_space)

    @cached_property
    def space_levels(self) -> Loader[SpaceId, Level]:
        return self._loader(
            lambda u, keys: u.spaces.levels(keys, by=self._by), lambda _: Level.NONE
        )

    @cached_property
    def roles(self) -> Loader[RoleId, Role | None]:
        return self._loader(lambda u, keys: u.roles.some(keys, by=self._by), _none)

    @cached_property
    def role_counts(self) -> Loader[RoleId, int]:
        return self._loader(
            lambda u, keys: u.roles.counts(keys, by=self._by), lambda _: 0
        )

    @cached_property
    def users(self) -> Loader[UserId, User | None]:
        return self._loader(lambda u, keys: u.people.some(keys, by=self._by), _none)

    @cached_property
    def groups(self) -> Loader[GroupId, UserGroup | None]:
        return self._loader(lambda u, keys: u.groups.some(keys, by=self._by), _none)

    @cached_property
    def security_keys(self) -> Loader[UserId, list[SecurityKey]]:
        async def ask(
            unit: Unit, keys: Sequence[UserId]
        ) -> Mapping[UserId, list[SecurityKey]]:
            found = await unit.people.security_keys(keys, by=self._by)
            return _grouped((key.user_id, key) for key in found)

        return self._loader(ask, lambda _: [])

    def _bindings(self, kind: HolderKind) -> Loader[str, list[RoleBinding]]:
        return self._loader(
            lambda u, keys: u.bindings.of(kind, keys, by=self._by), lambda _: []
        )

    def _rules(self, kind: HolderKind) -> Loader[str, list[Rule]]:
        return self._loader(
            lambda u, keys: u.bindings.rules(kind, keys, by=self._by), lambda _: []
        )

    @cached_property
    def key_bindings(self) -> Loader[str, list[RoleBinding]]:
        return self._bindings(HolderKind.API_KEY)

    @cached_property
    def user_bindings(self) -> Loader[str, list[RoleBinding]]:
        return self._bindings(HolderKind.USER)

    @cached_property
    def group_bindings(self) -> Loader[str, list[RoleBinding]]:
        return self._bindings(HolderKind.GROUP)

    @cached_property
    def stack_bindings(self) -> Loader[str, list[RoleBinding]]:
        return self._bindings(HolderKind.STACK)

    @cached_property
    def key_rules(self) -> Loader[str, list[Rule]]:
        return self._rules(HolderKind.API_KEY)

    @cached_property
    def user_rules(self) -> Loader[str, list[Rule]]:
        return self._rules(HolderKind.USER)

    @cached_property
    def group_rules(self) -> Loader[str, list[Rule]]:
        return self._rules(HolderKind.GROUP)

    @cached_property
    def outputs(self) -> Loader[StackId, list[StackOutput]]:
        async def ask(
            unit: Unit, keys: Sequence[StackId]
        ) -> Mapping[StackId, list[StackOutput]]:
            found = await unit.states.outputs(keys, by=self._by)
            return _grouped((output.stack_id, output) for output in found)

        return self._loader(ask, lambda _: [])

    @cached_property
    def resources(self) -> Loader[StackId, list[StackResource]]:
        async def ask(
            unit: Unit, keys: Sequence[StackId]
        ) -> Mapping[StackId, list[StackResource]]:
            found = await unit.states.resources(keys, by=self._by)
            return _grouped((resource.stack_id, resource) for resource in found)

        return self._loader(ask, lambda _: [])


def _grouped(rows: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    groups: dict[K, list[V]] = {}
    for key, row in rows:
        groups.setdefault(key, []).append(row)
    return groups


def _no_space(space_id: SpaceId) -> Space:
    raise SpaceNotFoundError(space=space_id)
