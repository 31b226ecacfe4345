"""Every change that somebody asks for is in the trail, with what it was done to."""

from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.certificates import signing_request
from tests.support.hosting import Hosting, revision
from tests.support.runs import Plant
from tests.support.stacks import ADA, a_spec

from stackyard.adapters.postgres import Database
from stackyard.audit import Entry
from stackyard.kernel.access import SYSTEM, Subject, SubjectKind
from stackyard.kernel.config import ConfigInput, ConfigType
from stackyard.kernel.ids import StackId
from stackyard.kernel.search import Order, Search
from stackyard.runs import RunType
from stackyard.stacks import TrackedCommit
from stackyard.state import Given, LockInfo
from stackyard.vcs import RepositorySettings
from stackyard.workers import PoolSettings

Line = tuple[str, str, str | None, str]


@pytest.fixture
async def plant(session: AsyncSession) -> Plant:
    plant = await Plant(session).prepare()
    await noted(plant)
    return plant


async def entries(plant: Plant) -> list[Entry]:
    search = Search(first=100, order=Order("createdAt"))
    return (await plant.unit.audit.search(search, by=SYSTEM)).items


async def noted(plant: Plant) -> list[Line]:
    """Return what was noted since the last call: action, resource, and by whom."""
    await plant.session.flush()
    found = await entries(plant)
    for entry in found:
        await plant.session.delete(entry)
    await plant.session.flush()
    return [
        (one.action, one.affected_kind, one.affected_id, one.actor) for one in found
    ]


async def test_what_people_do_with_stacks(plant: Plant) -> None:
    stacks, net = plant.unit.stacks, plant.stack_id
    await stacks.create(a_spec(name="Other"), by=ADA)
    await stacks.update(net, a_spec(name="Net", labels=("a",)), by=ADA)
    await stacks.lock(net, by=ADA)
    await stacks.unlock(net, by=ADA)
    await stacks.unlock(net, by=ADA)  # it is free already
    await stacks.disable(net, by=ADA)
    await stacks.disable(net, by=ADA)  # it is off already
    await stacks.enable(net, by=ADA)
    await stacks.set_tracked_commit(net, TrackedCommit("c0ffee2"), by=ADA)
    await stacks.delete(net, by=ADA)
    await plant.session.flush()
    await plant.unit.deletions.go_on(net, by=SYSTEM)

    assert await noted(plant) == [
        ("stack.create", "STACK", "other", "Ada"),
        ("stack.update", "STACK", "net", "Ada"),
        ("stack.lock", "STACK", "net", "Ada"),
        ("stack.unlock", "STACK", "net", "Ada"),
        ("stack.disable", "STACK", "net", "Ada"),
        ("stack.enable", "STACK", "net", "Ada"),
        ("stack.set_current_commit", "STACK", "net", "Ada"),
        ("stack.delete", "STACK", "net", "Ada"),
        ("stack.purge", "STACK", "net", "system"),
    ]


async def test_what_people_do_with_a_stack_s_configuration(plant: Plant) -> None:
    config, net = plant.unit.stack_config, plant.stack_id
    wanted = ConfigInput("A", ConfigType.ENVIRONMENT_VARIABLE, "canary", True)
    await config.add(net, wanted, by=ADA)
    await config.delete(net, "A", by=ADA)
    await config.delete(net, "A", by=ADA)  # it is gone already

    assert "canary" not in str([one.data for one in await entries(plant)])
    assert await noted(plant) == [
        ("stack_config.add", "STACK", "net", "Ada"),
        ("stack_config.delete", "STACK", "net", "Ada"),
    ]


async def test_what_people_do_with_runs(plant: Plant) -> None:
    runs, net = plant.unit.runs, plant.stack_id
    first = await plant.trigger()
    await runs.prioritize(net, first.id, on=True, by=ADA)
    await runs.prioritize(net, first.id, on=False, by=ADA)
    await runs.discard(net, first.id, by=ADA)
    again = await plant.unit.triggers.retry(net, first.id, by=ADA)
    task = await plant.task()
    await runs.discard_all(net, by=ADA)
    proposed = await plant.trigger(RunType.PROPOSED)
    await runs.cancel(net, proposed.id, by=ADA)

    assert await noted(plant) == [
        ("run.trigger", "RUN", first.id, "Ada"),
        ("run.prioritize", "RUN", first.id, "Ada"),
        ("run.deprioritize", "RUN", first.id, "Ada"),
        ("run.discard", "RUN", first.id, "Ada"),
        ("run.retry", "RUN", again.id, "Ada"),
        ("task.create", "TASK", task.id, "Ada"),
        *_discarded(again.id, task.id),
        ("run.trigger", "RUN", proposed.id, "Ada"),
        ("run.cancel", "RUN", proposed.id, "Ada"),
    ]


def _discarded(run_id: str, task_id: str) -> list[Line]:
    return [
        ("run.discard", "RUN", run_id, "Ada"),
        ("task.discard", "TASK", task_id, "Ada"),
    ]


async def test_what_people_decide_and_not_what_workers_report(plant: Plant) -> None:
    held = await plant.started()
    await held.planned()
    await plant.unit.runs.stop(plant.stack_id, held.run.id, by=ADA)

    entry = (await entries(plant))[-1]
    assert (entry.related_kind, entry.related_id) == ("STACK", "net")
    assert await noted(plant) == [
        ("run.trigger", "RUN", held.run.id, "Ada"),
        ("run.stop", "RUN", held.run.id, "Ada"),
    ]


async def test_a_run_that_a_push_caused_says_whose_push_it_was(plant: Plant) -> None:
    await plant.unit.triggers.push(
        plant.stack_id,
        RunType.TRACKED,
        branch="main",
        commit={"hash": "c0ffee2"},
        pushed_by="grace",
        by=SYSTEM,
    )
    await plant.session.flush()

    [entry] = await entries(plant)
    assert (entry.action, entry.actor) == ("run.trigger", "system")
    assert '"TriggeredBy":"grace"' in entry.data


async def test_what_people_do_with_pools_and_workers(plant: Plant) -> None:
    pools, workers = plant.unit.pools, plant.unit.workers
    pool = await pools.create(PoolSettings(name="b"), signing_request(), by=ADA)
    await pools.update(pool.id, PoolSettings(name="c"), by=ADA)
    await pools.reset(pool.id, signing_request(), by=ADA)
    await pools.cycle(pool.id, by=ADA)
    await pools.delete(pool.id, by=ADA)
    worker = await plant.worker()
    for drained in (True, False):
        await workers.set_drained(plant.pool_id, worker, drained=drained, by=ADA)

    assert await noted(plant) == [
        ("worker_pool.create", "WORKER_POOL", pool.id, "Ada"),
        ("worker_pool.update", "WORKER_POOL", pool.id, "Ada"),
        ("worker_pool.reset", "WORKER_POOL", pool.id, "Ada"),
        ("worker_pool.cycle", "WORKER_POOL", pool.id, "Ada"),
        ("worker_pool.delete", "WORKER_POOL", pool.id, "Ada"),
        ("worker.drain", "WORKER", worker, "Ada"),
        ("worker.undrain", "WORKER", worker, "Ada"),
    ]


async def test_what_people_do_with_states_and_not_what_runs_do(plant: Plant) -> None:
    states, net = plant.unit.states, plant.stack_id
    run = Subject(SubjectKind.RUN, "net/01RUN", "net/01RUN", stack_id=StackId("net"))
    for by in (ADA, run):
        await states.lock(net, LockInfo("1", {"ID": "1"}), by=by)
        await states.unlock(net, "1", by=by)
    first = await states.prepare_import(net, Given(1, "l", "a" * 64, 2), by=ADA)
    assert first is not None
    await states.record_import(first, by=ADA)
    second = await states.prepare_import(net, Given(2, "l", "b" * 64, 2), by=ADA)
    assert second is not None
    await states.record_import(second, old=first.id, by=ADA)
    await states.lock(net, LockInfo("2", {"ID": "2"}), by=ADA)
    third = await states.prepare_write(net, Given(3, "l", "c" * 64, 2), "2", by=ADA)
    assert third is not None
    await states.record_write(third, "2", by=ADA)

    assert await noted(plant) == [
        ("state.lock", "STACK", "net", "Ada"),
        ("state.unlock", "STACK", "net", "Ada"),
        ("state.import", "STACK", "net", "Ada"),
        ("state.rollback", "STACK", "net", "Ada"),
        ("state.lock", "STACK", "net", "Ada"),
        ("state.write", "STACK", "net", "Ada"),
    ]


async def test_what_people_do_with_repositories(
    database: Database, tmp_path: Path
) -> None:
    hosting = Hosting(database, tmp_path)
    repository = await hosting.create()
    async with hosting.replica() as replica:
        await replica.pushes.create_revision(revision(repository.id), by=ADA)
    async with hosting.unit() as unit:
        settings = RepositorySettings(name="Yard")
        await unit.repositories.update(repository.id, settings, by=ADA)
        await unit.repositories.delete(repository.id, by=ADA)

    assert hosting.trail.notes == [
        ("repository.create", "garden"),
        ("repository.push", "garden"),
        ("repository.update", "garden"),
        ("repository.delete", "garden"),
    ]
