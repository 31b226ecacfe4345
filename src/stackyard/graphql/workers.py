"""Worker pools and workers in the graph."""

import json
from collections.abc import Sequence
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from stackyard.graphql.context import Info
from stackyard.graphql.search import connection, search_from
from stackyard.kernel.ids import PoolId, SpaceId, WorkerId
from stackyard.kernel.search import Page
from stackyard.spaces import Space
from stackyard.stacks import Stack
from stackyard.workers import Pool, PoolSettings, Worker

query = QueryType()
mutation = MutationType()
stack = ObjectType("Stack")
pool = ObjectType("WorkerPool")
worker = ObjectType("Worker")
public_pool = ObjectType("PublicWorkerPool")
bindables = [query, mutation, stack, pool, worker, public_pool]
# There is none: nobody works for it, and no stack can be in it.
NO_PUBLIC_POOL: Final = {"parallelism": 0, "busy_workers": 0, "pending_runs": 0}


@query.field("workerPool")
async def resolve_pool(_root: None, info: Info, *, id: str) -> Pool | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.pools.find(PoolId(id), by=info.context.subject)


@query.field("workerPools")
async def resolve_pools(_root: None, info: Info) -> Sequence[Pool]:
    async with info.context.open_unit() as unit:
        return await unit.pools.all(by=info.context.subject)


@query.field("searchWorkerPools")
async def resolve_search(
    _root: None,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> dict[str, Any]:
    async with info.context.open_list() as unit:
        page = await unit.pools.search(search_from(input), by=info.context.subject)
    return connection(page)


@pool.field("searchSchedulableRuns")
async def resolve_queue(
    root: Pool,
    info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> dict[str, Any]:
    async with info.context.open_list() as unit:
        page = await unit.pool_queues.search(
            root.id, search_from(input), by=info.context.subject
        )
    return connection(page)


@query.field("publicWorkerPool")
async def resolve_public_pool(_root: None, _info: Info) -> dict[str, int]:
    return NO_PUBLIC_POOL


@public_pool.field("searchSchedulableRuns")
def resolve_public_runs(
    _root: dict[str, int],
    _info: Info,
    *,
    input: dict[str, Any],  # noqa: A002 - the contract's name
) -> dict[str, Any]:
    del input
    return connection(Page([], None, has_next=False, has_previous=False))


@mutation.field("workerPoolCreate")
async def resolve_create(
    _root: None, info: Info, *, certificate_signing_request: str, **said: Any
) -> Pool:
    async with info.context.open_unit() as unit:
        return await unit.pools.create(
            _settings(said), certificate_signing_request, by=info.context.subject
        )


@mutation.field("workerPoolUpdate")
async def resolve_update(_root: None, info: Info, *, id: str, **said: Any) -> Pool:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.pools.update(
            PoolId(id), _settings(said), by=info.context.subject
        )


@mutation.field("workerPoolReset")
async def resolve_reset(
    _root: None,
    info: Info,
    *,
    id: str,  # noqa: A002 - the contract's name
    certificate_signing_request: str,
) -> Pool:
    async with info.context.open_unit() as unit:
        return await unit.pools.reset(
            PoolId(id), certificate_signing_request, by=info.context.subject
        )


@mutation.field("workerPoolCycle")
async def resolve_cycle(_root: None, info: Info, *, id: str) -> bool:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        await unit.pools.cycle(PoolId(id), by=info.context.subject)
    return True


@mutation.field("workerPoolDelete")
async def resolve_delete(_root: None, info: Info, *, id: str) -> Pool | None:  # noqa: A002 - the contract's name
    async with info.context.open_unit() as unit:
        return await unit.pools.delete(PoolId(id), by=info.context.subject)


@mutation.field("workerDrainSet")
async def resolve_drain(
    _root: None,
    info: Info,
    *,
    worker_pool: str,
    id: str,  # noqa: A002 - the contract's name
    drain: bool,
) -> Worker:
    async with info.context.open_unit() as unit:
        return await unit.workers.set_drained(
            PoolId(worker_pool),
            WorkerId(id),
            drained=drain,
            by=info.context.subject,
        )


@stack.field("workerPool")
async def resolve_stack_pool(root: Stack, info: Info) -> Pool | None:
    if root.worker_pool_id is None:
        return None
    return await info.context.loaders.pools.load(root.worker_pool_id)


@pool.field("createdAt")
def resolve_created_at(root: Pool, _info: Info) -> int:
    return int(root.created_at.timestamp())


@pool.field("updatedAt")
def resolve_updated_at(root: Pool, _info: Info) -> int:
    return int(root.updated_at.timestamp())


@pool.field("deleted")
def resolve_deleted(_root: Pool, _info: Info) -> bool:
    return False  # a pool that is deleted is gone


@pool.field("managedByK8sController")
def resolve_managed(_root: Pool, _info: Info) -> bool:
    return False  # there is no controller that registers pools yet


@pool.field("space")
def resolve_space(root: Pool, _info: Info) -> SpaceId:
    return root.space_id


@pool.field("spaceDetails")
async def resolve_space_details(root: Pool, info: Info) -> Space:
    return await info.context.loaders.spaces.load(root.space_id)


@pool.field("config")
async def resolve_config(root: Pool, info: Info) -> str:
    """Say what launchers are given; nothing to mere readers."""
    return await info.context.loaders.pool_tokens.load(root.id)


@pool.field("workersCount")
async def resolve_workers_count(root: Pool, info: Info) -> int:
    return (await info.context.loaders.pool_counts.load(root.id)).workers


@pool.field("busyWorkers")
async def resolve_busy_workers(root: Pool, info: Info) -> int:
    return (await info.context.loaders.pool_counts.load(root.id)).busy


@pool.field("pendingRuns")
async def resolve_pending_runs(root: Pool, info: Info) -> int:
    return await info.context.loaders.waiting_runs.load(root.id)


@pool.field("workers")
async def resolve_workers(root: Pool, info: Info) -> list[Worker]:
    return await info.context.loaders.workers.load(root.id)


@worker.field("metadata")
def resolve_metadata(root: Worker, _info: Info) -> str:
    return json.dumps(root.tags)


@worker.field("createdAt")
def resolve_registered_at(root: Worker, _info: Info) -> int:
    return int(root.registered_at.timestamp())


@worker.field("availableAt")
def resolve_available_at(root: Worker, _info: Info) -> int | None:
    return int(root.available_at.timestamp()) if root.available_at else None


def _settings(said: dict[str, Any]) -> PoolSettings:
    space = said.get("space")
    return PoolSettings(
        name=said["name"],
        description=said.get("description"),
        labels=tuple(said.get("labels") or ()),
        space_id=SpaceId(space) if space else None,
        drift_detection_run_limit=said.get("drift_detection_run_limit"),
    )
