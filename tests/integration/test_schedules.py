"""What comes of a schedule that is due, on real SQL."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.realm import Realm
from tests.support.runs import COMMIT, Plant
from tests.support.stacks import ADA, a_spec

from stackyard.kernel.access import SYSTEM, Action
from stackyard.kernel.config import ConfigInput, ConfigType
from stackyard.kernel.errors import ForbiddenError
from stackyard.kernel.ids import ROOT, RunId, StackId
from stackyard.runs import Run, RunState, RunType
from stackyard.runs.errors import (
    DriftLimitError,
    ScheduleLateError,
    StackBeingDeletedError,
    StackDisabledError,
    StackLockedByOtherError,
    StackWithoutPoolError,
)
from stackyard.runs.events import DriftFound
from stackyard.runs.job import Grants, build_job
from stackyard.stacks import (
    OLDEST,
    DeleteStack,
    DetectDrift,
    DriftDetectionOffError,
    Errand,
    PerformTask,
    ReferenceSpec,
    RuntimeConfig,
    RuntimeVariable,
    ScheduleDue,
    StackProtectedError,
    Timing,
    TriggerRun,
)
from stackyard.workers import PoolSettings
from stackyard_protocol.job import Archive, EnvVar, Hooks
from stackyard_protocol.report import Ended

HOURLY = Timing(("0 * * * *",))


@pytest.fixture
async def plant(session: AsyncSession) -> Plant:
    return await Plant(session).prepare()


async def set_up(
    plant: Plant, errand: Errand, timing: Timing = HOURLY, stack: StackId | None = None
) -> None:
    await plant.unit.schedules.create(stack or plant.stack_id, errand, timing, by=ADA)


async def told(plant: Plant, *, later: float = 3600) -> list[ScheduleDue]:
    """Return what is told of once that time has gone by."""
    plant.clock.advance(later)
    before = len(plant.outbox.events)
    await plant.unit.schedules.tell_due(by=SYSTEM)
    return [one for one in plant.outbox.events[before:] if isinstance(one, ScheduleDue)]


async def fire(plant: Plant, event: ScheduleDue) -> None:
    await plant.unit.firings.fire(event.schedule_id, event.due, by=SYSTEM)


async def runs_of(plant: Plant, *kinds: RunType) -> list[Run]:
    found = await plant.unit.runs.of_stacks(
        [plant.stack_id], kinds or tuple(RunType), by=SYSTEM
    )
    return found[plant.stack_id]


async def finished(plant: Plant) -> None:
    """Let the stack have come to rest."""
    held = await plant.started()
    await held.planned(add=0)
    await held.say(Ended("FINISHED"))


async def test_a_scheduled_run_is_a_tracked_run_of_the_tracked_commit(
    plant: Plant,
) -> None:
    await set_up(plant, TriggerRun(name="nightly"))
    [event] = await told(plant)
    await fire(plant, event)
    [run] = await runs_of(plant)
    assert (run.type, run.state) == (RunType.TRACKED, RunState.QUEUED)
    assert run.triggered_by == 'scheduled run "nightly"'
    assert run.commit == COMMIT.as_dict()


async def test_what_is_due_is_done_once_however_often_it_is_told_of(
    plant: Plant,
) -> None:
    await set_up(plant, TriggerRun())
    [event] = await told(plant)
    await fire(plant, event)
    await fire(plant, event)
    assert len(await runs_of(plant)) == 1
    assert await told(plant, later=0) == []


async def test_a_scheduled_task_is_a_task(plant: Plant) -> None:
    await set_up(plant, PerformTask(command="terraform refresh"))
    [event] = await told(plant)
    await fire(plant, event)
    [run] = await runs_of(plant)
    assert (run.type, run.command) == (RunType.TASK, "terraform refresh")


@pytest.mark.parametrize("destroy", [True, False])
async def test_a_scheduled_delete_begins_the_deletion(
    plant: Plant, *, destroy: bool
) -> None:
    at = plant.clock() + timedelta(minutes=5)
    await set_up(plant, DeleteStack(destroy_resources=destroy), Timing(at=at))
    [event] = await told(plant)
    await fire(plant, event)
    stack = await plant.unit.stacks.get(plant.stack_id, by=SYSTEM)
    assert (stack.deleting, stack.destroy_on_delete) == (True, destroy)


async def test_what_cannot_be_done_is_refused_with_the_reason(plant: Plant) -> None:
    stacks = plant.unit.stacks
    await set_up(plant, TriggerRun())
    [event] = await told(plant)
    await stacks.lock(plant.stack_id, by=ADA)
    with pytest.raises(StackLockedByOtherError):
        await fire(plant, event)
    await stacks.unlock(plant.stack_id, by=ADA)
    await stacks.disable(plant.stack_id, by=ADA)
    [event] = await told(plant)
    with pytest.raises(StackDisabledError):
        await fire(plant, event)
    assert await runs_of(plant) == []


async def test_what_is_protected_is_not_deleted_by_a_schedule(plant: Plant) -> None:
    spec = a_spec(worker_pool_id=plant.pool_id, protect_from_deletion=True)
    await plant.unit.stacks.update(plant.stack_id, spec, by=ADA)
    at = plant.clock() + timedelta(minutes=5)
    await set_up(plant, DeleteStack(destroy_resources=False), Timing(at=at))
    [event] = await told(plant)
    with pytest.raises(StackProtectedError):
        await fire(plant, event)


async def test_without_a_worker_pool_nothing_fires(plant: Plant) -> None:
    await plant.unit.stacks.update(plant.stack_id, a_spec(), by=ADA)
    await set_up(plant, TriggerRun())
    [event] = await told(plant)
    with pytest.raises(StackWithoutPoolError):
        await fire(plant, event)


async def test_what_was_told_of_more_than_an_hour_ago_is_not_done(
    plant: Plant,
) -> None:
    await set_up(plant, TriggerRun())
    [event] = await told(plant)
    plant.clock.advance(OLDEST.total_seconds() + 1)
    with pytest.raises(ScheduleLateError):
        await fire(plant, event)


async def test_what_was_passed_over_is_not_done_later(plant: Plant) -> None:
    await set_up(plant, TriggerRun())
    [event] = await told(plant)
    await plant.unit.schedules.pass_over(
        event.schedule_id, event.due, "locked", by=SYSTEM
    )
    await fire(plant, event)
    assert await runs_of(plant) == []


async def test_a_schedule_that_is_gone_does_nothing(plant: Plant) -> None:
    await set_up(plant, TriggerRun())
    [event] = await told(plant)
    await plant.unit.schedules.delete(
        plant.stack_id, event.schedule_id, TriggerRun.kind, by=ADA
    )
    await fire(plant, event)
    await plant.unit.schedules.pass_over(event.schedule_id, event.due, "x", by=SYSTEM)
    assert await runs_of(plant) == []


async def test_nothing_fires_for_a_stack_that_goes_or_has_gone(plant: Plant) -> None:
    await set_up(plant, TriggerRun())
    [event] = await told(plant)
    await plant.unit.stacks.delete(plant.stack_id, by=ADA)
    with pytest.raises(StackBeingDeletedError):
        await fire(plant, event)
    [event] = await told(plant)
    await plant.unit.stacks.purge(plant.stack_id, by=SYSTEM)
    await fire(plant, event)
    await plant.unit.schedules.pass_over(event.schedule_id, event.due, "x", by=SYSTEM)
    assert await told(plant) == []


async def test_a_run_has_its_own_configuration_before_everything_else(
    plant: Plant,
) -> None:
    config = RuntimeConfig(
        environment=[
            RuntimeVariable("REGION", "north"),
            RuntimeVariable("PASSWORD", "sesame"),
        ],
        project_root="infra",
        terraform_version="1.4.6",
        hooks=Hooks(before_plan=["echo own"]),
    )
    usual = ConfigInput("PASSWORD", ConfigType.ENVIRONMENT_VARIABLE, "x")
    await plant.unit.stack_config.add(plant.stack_id, usual, by=ADA)
    await set_up(plant, TriggerRun(runtime_config=config))
    [event] = await told(plant)
    await fire(plant, event)
    await plant.worker()
    held = await plant.taken()
    stack = await plant.unit.stacks.get(plant.stack_id, by=SYSTEM)
    job = build_job(
        run=held.run,
        leg=held.leg,
        stack=stack,
        config=await plant.unit.stack_contexts.for_run(
            stack.id, runtime_config=held.run.runtime_config, by=SYSTEM
        ),
        source=Archive("https://x", "0"),
        workspace=None,
        grants=Grants("https://x", "acme", "t", "t", "t"),
    )
    assert EnvVar("REGION", "north") in job.environment
    # in the place of a secret it is one, and so masked in logs
    assert EnvVar("PASSWORD", "sesame", secret=True) in job.environment
    assert (job.project_root, job.tool.version) == ("infra", "1.4.6")
    assert job.hooks.before_plan == ["echo own"]


async def looked(plant: Plant, **errand: Any) -> list[Run]:
    """Set drift detection up, let it be due, and return what came of it."""
    await set_up(plant, DetectDrift(**errand))
    [event] = await told(plant)
    await fire(plant, event)
    return await runs_of(plant, RunType.PROPOSED)


async def test_drift_is_looked_for_by_a_proposed_run_when_the_stack_has_finished(
    plant: Plant,
) -> None:
    await finished(plant)
    [run] = await looked(plant)
    assert run.drift_detection
    assert run.commit == COMMIT.as_dict()


async def test_nothing_is_looked_for_before_the_stack_has_finished(
    plant: Plant,
) -> None:
    assert await looked(plant) == []


async def test_a_failed_stack_is_looked_at_if_the_state_is_ignored(
    plant: Plant,
) -> None:
    held = await plant.started()
    await held.say(Ended("FAILED"))
    assert len(await looked(plant, ignore_state=True)) == 1


async def test_one_look_at_a_stack_is_over_before_the_next(plant: Plant) -> None:
    await finished(plant)
    assert len(await looked(plant)) == 1
    [event] = await told(plant)
    await fire(plant, event)
    assert len(await runs_of(plant, RunType.PROPOSED)) == 1


async def limit(plant: Plant, runs: int) -> None:
    settings = PoolSettings(name="builders", drift_detection_run_limit=runs)
    await plant.unit.pools.update(plant.pool_id, settings, by=SYSTEM)


async def test_a_pool_looks_at_no_more_stacks_at_once_than_its_limit(
    plant: Plant,
) -> None:
    await limit(plant, 1)
    await finished(plant)
    assert len(await looked(plant)) == 1
    first, plant.stack_id = plant.stack_id, await plant.stack("Other")
    await finished(plant)
    await set_up(plant, DetectDrift())
    [event] = [one for one in await told(plant) if one.stack_id != first]
    with pytest.raises(DriftLimitError):
        await fire(plant, event)


async def test_where_the_pool_s_limit_is_0_drift_detection_is_refused(
    plant: Plant,
) -> None:
    await limit(plant, 0)
    with pytest.raises(DriftDetectionOffError):
        await set_up(plant, DetectDrift())


async def drifted(plant: Plant, *, reconcile: bool) -> Run:
    """Return a run that has looked, and found something."""
    await finished(plant)
    [run] = await looked(plant, reconcile=reconcile)
    await plant.worker()
    held = await plant.taken()
    assert held.run.id == run.id
    await held.planned(add=1)
    await held.say(Ended("FINISHED"))
    return run


def found(plant: Plant) -> list[RunId]:
    """Return the runs that told that they had found something."""
    return [one.run_id for one in plant.outbox.events if isinstance(one, DriftFound)]


async def test_what_has_drifted_is_put_right_once_if_that_is_wanted(
    plant: Plant,
) -> None:
    run = await drifted(plant, reconcile=True)
    assert [
        one.run_id for one in plant.outbox.events if isinstance(one, DriftFound)
    ] == [run.id]
    for _ in range(2):
        await plant.unit.firings.reconcile(run.id, by=SYSTEM)
    newest, *_ = tracked = await runs_of(plant, RunType.TRACKED)
    assert [one.drift_detection for one in tracked] == [True, False]
    assert (newest.state, newest.commit) == (RunState.QUEUED, run.commit)


async def test_drift_that_nobody_wants_put_right_stays(plant: Plant) -> None:
    run = await drifted(plant, reconcile=False)
    await plant.unit.firings.reconcile(run.id, by=SYSTEM)
    assert [one.drift_detection for one in await runs_of(plant, RunType.TRACKED)] == [
        False
    ]


async def test_a_look_that_found_nothing_tells_of_nothing(plant: Plant) -> None:
    await finished(plant)
    await looked(plant)
    await plant.worker()
    held = await plant.taken()
    await held.planned(add=0)
    await held.say(Ended("FINISHED"))
    assert found(plant) == []


async def test_a_look_for_drift_waits_behind_what_people_propose(plant: Plant) -> None:
    await finished(plant)
    [look] = await looked(plant)
    proposal = await plant.trigger(RunType.PROPOSED)
    await plant.worker()
    assert (await plant.taken()).run.id == proposal.id
    assert look.state is RunState.READY


@pytest.mark.parametrize(
    ("errand", "missing"),
    [
        (TriggerRun(), Action.RUN_TRIGGER),
        (
            TriggerRun(runtime_config=RuntimeConfig()),
            Action.RUN_TRIGGER_WITH_CUSTOM_RUNTIME_CONFIG,
        ),
        (PerformTask(command="true"), Action.TASK_CREATE),
        (DeleteStack(destroy_resources=True), Action.STACK_DELETE),
        (DetectDrift(), Action.RUN_TRIGGER),
    ],
)
async def test_a_schedule_is_no_way_around_a_right(
    session: AsyncSession, errand: Errand, missing: Action
) -> None:
    realm = await Realm(session).prepare()
    home = await realm.space("home", ROOT)
    stack = await realm.stack("Net", home)
    everything = {Action.STACK_UPDATE, Action.SPACE_READ, *errand.actions}
    timing = HOURLY
    if isinstance(errand, DeleteStack):
        timing = Timing(at=realm.clock() + timedelta(hours=1))
    for rights, refused in ((everything - {missing}, True), (everything, False)):
        role = await realm.role(f"role {refused}", *rights)
        by = await realm.user(f"user {refused}", (home, role))
        if refused:
            with pytest.raises(ForbiddenError):
                await realm.unit.schedules.create(stack, errand, timing, by=by)
        else:
            await realm.unit.schedules.create(stack, errand, timing, by=by)


async def test_an_output_is_handed_on_by_who_may_read_the_state_it_is_in(
    session: AsyncSession,
) -> None:
    realm = await Realm(session).prepare()
    mine, theirs = await realm.space("mine", ROOT), await realm.space("theirs", ROOT)
    app, net = await realm.stack("App", mine), await realm.stack("Net", theirs)
    dependencies = realm.unit.stack_dependencies
    reader = await realm.user("r", (mine, "space-admin"), (theirs, "space-reader"))
    writer = await realm.user("w", (mine, "space-admin"), (theirs, "space-writer"))
    made = await dependencies.create(app, net, by=reader)
    wanted = ReferenceSpec("vpc_id", "VPC")
    with pytest.raises(ForbiddenError):
        await dependencies.add_reference(made.id, wanted, by=reader)
    await dependencies.add_reference(made.id, wanted, by=writer)
    with pytest.raises(ForbiddenError):  # nor turned round
        await dependencies.create(net, app, by=writer)
