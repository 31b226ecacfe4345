"""What goes on costs the same however much has been: no question reads the history."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.runs import COMMIT, Plant
from tests.support.stacks import ADA

from stackyard.kernel.access import SYSTEM
from stackyard.runs import RunState, RunType, UsageQuery
from stackyard.runs.store import RunStore
from stackyard_protocol.report import Ended

PAST, FEW = 3000, 60
# Every earlier run is like the one there is: of the same stack, pool and kind.
HISTORY = """
INSERT INTO runs SELECT (jsonb_populate_record(run, jsonb_build_object(
    'id', lpad(number::text, 26, '0'),
    'commit', jsonb_build_object('hash', number::text)
))).* FROM runs run, generate_series(1, :past) number;
"""
LEGS = """
INSERT INTO run_legs SELECT (jsonb_populate_record(leg, jsonb_build_object(
    'id', lpad(number::text, 26, '0'), 'run_id', lpad(number::text, 26, '0'),
    'claimed_at', leg.claimed_at - interval '1 year',
    'accepted_at', leg.accepted_at - interval '1 year',
    'ended_at', leg.ended_at - interval '1 year'
))).* FROM run_legs leg, generate_series(1, :past) number;
"""
READ = """
SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)
FROM pg_stat_xact_user_tables WHERE relname IN ('runs', 'run_legs')
"""


@pytest.fixture
async def plant(session: AsyncSession) -> Plant:
    plant = await Plant(session).prepare()
    held = await plant.started()
    await held.say(Ended(RunState.FAILED))
    await session.flush()
    for statement in (HISTORY, LEGS):
        await session.execute(text(statement), {"past": PAST})
    await session.execute(text("ANALYZE runs, run_legs"))
    return plant


@asynccontextmanager
async def few_are_read(session: AsyncSession) -> AsyncIterator[None]:
    await session.flush()
    before = await session.scalar(text(READ))
    yield
    await session.flush()
    read = await session.scalar(text(READ)) - before
    assert read <= FEW


async def test_a_run_goes_its_way(plant: Plant, session: AsyncSession) -> None:
    async with few_are_read(session):
        held = await plant.started()
        await held.enter(RunState.INITIALIZING)
        await held.say(Ended(RunState.FAILED))


async def test_a_commit_is_asked_for_the_runs_it_has(
    plant: Plant, session: AsyncSession
) -> None:
    async with few_are_read(session):
        triggers = plant.unit.triggers
        await triggers.supersede(plant.stack_id, "main", by=SYSTEM)
        has = RunStore(session).has_run_of
        assert await has(plant.stack_id, RunType.TRACKED, COMMIT.hash)
        assert not await has(plant.stack_id, RunType.TRACKED, "unheard of")


async def test_all_that_waits_is_discarded(plant: Plant, session: AsyncSession) -> None:
    await plant.trigger()
    async with few_are_read(session):
        discarded, _ = await plant.unit.runs.discard_all(plant.stack_id, by=ADA)
    assert len(discarded) == 1


async def test_what_looks_for_drift_is_counted(
    plant: Plant, session: AsyncSession
) -> None:
    async with few_are_read(session):
        assert await RunStore(session).unfinished_drift(plant.pool_id) == []


async def test_a_day_s_usage_is_told(plant: Plant, session: AsyncSession) -> None:
    day = f"{plant.clock.now:%Y-%m-%d}"
    async with few_are_read(session):
        query = UsageQuery.read(since=day, until=day, aspect="run-minutes", group="")
        await plant.unit.usage.lines(query, by=ADA)


async def test_a_plan_is_read_by_who_may_act_on_it_only(
    plant: Plant, session: AsyncSession
) -> None:
    """It may be megabytes, and whoever watches a run asks for the run at each step."""
    run_id = (await plant.trigger()).id
    await session.flush()
    session.expunge_all()

    seen = await plant.unit.runs.get(run_id, by=ADA)
    assert "changes" in inspect(seen).unloaded
    locked = await RunStore(session).get(run_id, lock=True)
    assert "changes" not in inspect(locked).unloaded
