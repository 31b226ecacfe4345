"""Schedules and chains by way of the queue: told of once, done once, refused aloud."""

import asyncio

import pytest
from tests.support.bureau import Bureau
from tests.support.certificates import signing_request
from tests.support.realm import AUTHORITY
from tests.support.stacks import ADA, a_spec

from stackyard.adapters.postgres import Database
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import StackId
from stackyard.kernel.routing import event_of
from stackyard.reactions.dispatch import advance_after_run
from stackyard.reactions.schedules import carry_out_schedule, tell_due
from stackyard.runs import RunEnded
from stackyard.stacks import ScheduleDue, Timing, TrackedCommit, TriggerRun
from stackyard.workers import PoolSettings

NET, APP, LOW = (StackId(one) for one in ("net", "app", "low"))


@pytest.fixture
async def bureau(database: Database) -> Bureau:
    bureau = await Bureau(database, signer=AUTHORITY).prepare()
    async with bureau.unit() as unit:
        settings = PoolSettings(name="builders")
        pool = await unit.pools.create(settings, signing_request(), by=SYSTEM)
        for name in ("Net", "App", "Low"):
            spec = a_spec(name=name, worker_pool_id=pool.id)
            stack = await unit.stacks.create(spec, by=SYSTEM)
            commit = TrackedCommit("c0ffee1")
            await unit.stacks.set_tracked_commit(stack.id, commit, by=SYSTEM)
    return bureau


async def due(bureau: Bureau) -> list[ScheduleDue]:
    """Let several drains have the same tick at once; return what they told of."""
    others = [Bureau(bureau.database, clock=bureau.clock) for _ in range(3)]
    await asyncio.gather(*(tell_due(one.tools) for one in others))
    facts = await bureau.taken("carry_out_schedule")
    return [event_of(ScheduleDue, one) for one in facts]


async def every_hour(bureau: Bureau) -> None:
    async with bureau.unit() as unit:
        timing = Timing(("0 * * * *",))
        await unit.schedules.create(NET, TriggerRun(), timing, by=ADA)
    bureau.clock.advance(3600)


async def test_what_is_due_has_one_run_however_many_drains_there_are(
    bureau: Bureau,
) -> None:
    await every_hour(bureau)
    [event] = await due(bureau)
    assert await due(bureau) == []
    tools = bureau.tools
    await asyncio.gather(*(carry_out_schedule(tools, event) for _ in range(3)))
    assert len(await bureau.runs(NET)) == 1
    assert len(await bureau.taken("advance_queued")) == 1


async def test_what_cannot_be_done_is_written_down_with_the_reason_and_not_retried(
    bureau: Bureau,
) -> None:
    async with bureau.unit() as unit:
        await unit.stacks.lock(NET, by=ADA)
    await every_hour(bureau)
    [event] = await due(bureau)
    await carry_out_schedule(bureau.tools, event)
    async with bureau.unit() as unit:
        await unit.stacks.unlock(NET, by=ADA)
    await carry_out_schedule(bureau.tools, event)
    assert await bureau.runs(NET) == []
    [(said,)] = await bureau.sql(
        "SELECT data FROM audit_entries WHERE action = 'scheduled_run.skip'"
    )
    assert "locked by somebody else" in said


async def test_after_an_outage_one_moment_is_made_up_for(bureau: Bureau) -> None:
    await every_hour(bureau)
    bureau.clock.advance(5 * 3600 + 60)
    assert [one.due.hour for one in await due(bureau)] == [6]


async def test_the_end_of_a_run_lets_those_go_that_waited_for_it(
    bureau: Bureau,
) -> None:
    async with bureau.unit() as unit:
        await unit.stack_dependencies.create(APP, NET, by=ADA)
        run = await unit.triggers.trigger(NET, by=ADA)
    assert [one.state for one in await bureau.runs(APP)] == ["QUEUED"]
    async with bureau.unit() as unit:
        await unit.runs.discard(NET, run.id, by=ADA)
    [ended] = await bureau.taken("advance_after_run")
    await advance_after_run(bureau.tools, event_of(RunEnded, ended))
    assert [one.state for one in await bureau.runs(APP)] == ["SKIPPED"]


async def test_a_disabled_stack_does_not_hold_up_what_is_below_it(
    bureau: Bureau,
) -> None:
    async with bureau.unit() as unit:
        for below, above in ((APP, NET), (LOW, APP)):
            await unit.stack_dependencies.create(below, above, by=ADA)
        run = await unit.triggers.trigger(NET, by=ADA)
        await unit.stacks.disable(APP, by=ADA)
    async with bureau.unit() as unit:
        await unit.runs.discard(NET, run.id, by=ADA)
    while ended := await bureau.taken("advance_after_run"):
        for one in ended:
            await advance_after_run(bureau.tools, event_of(RunEnded, one))
    for stack in (APP, LOW):
        assert [one.state for one in await bureau.runs(stack)] == ["SKIPPED"]
