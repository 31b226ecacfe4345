"""How much was worked, by what the legs of runs say."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.runs import HeldLeg, Plant
from tests.support.stacks import ADA

from stackyard.kernel.access import NOBODY, Subject, SubjectKind
from stackyard.kernel.errors import ForbiddenError, UnauthorizedError
from stackyard.runs import RunState, RunType, UsageLine, UsageQuery
from stackyard_protocol.report import Ended

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
async def plant(session: AsyncSession) -> Plant:
    plant = await Plant(session).prepare()
    plant.clock.now = MIDNIGHT - timedelta(minutes=31)
    return plant


async def ask(
    plant: Plant, group: str = "", *, aspect: str = "run-minutes", until: int = 4
) -> list[tuple[int, str, float]]:
    """Return what is said of the first days of March: day, key, amount."""
    query = UsageQuery.read(
        since="2026-03-01", until=f"2026-03-0{until}", aspect=aspect, group=group
    )
    lines = await plant.unit.usage.lines(query, by=ADA)
    assert all(isinstance(line, UsageLine) for line in lines)
    return [(line.day.day, line.key, round(line.amount, 6)) for line in lines]


async def carried_out(plant: Plant, minutes: float) -> HeldLeg:
    """Let a proposed run take so long, and end."""
    held = await plant.started(RunType.PROPOSED)
    await held.enter(RunState.INITIALIZING)
    plant.clock.advance(minutes * 60)
    await held.say(Ended(RunState.FAILED))
    await plant.session.flush()
    return held


async def test_nothing_was_worked_at_first(plant: Plant) -> None:
    assert await ask(plant) == []
    assert await ask(plant, aspect="worker-count") == []


async def test_minutes_are_of_the_day_in_which_they_were(plant: Plant) -> None:
    plant.clock.advance(59)  # a worker comes a second later
    await carried_out(plant, 45)
    await carried_out(plant, 1.5)

    assert await ask(plant) == [(1, "all", 30), (2, "all", 16.5)]
    assert await ask(plant, until=1) == [(1, "all", 30)]


async def test_a_run_that_goes_on_counts_up_to_now(plant: Plant) -> None:
    plant.clock.advance(59)
    await plant.started(RunType.PROPOSED)
    await plant.session.flush()
    plant.clock.advance(30 * 60 + 24 * 3600 + 60)

    assert await ask(plant) == [(1, "all", 30), (2, "all", 24 * 60), (3, "all", 1)]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu"])
async def test_days_are_those_of_utc_wherever_the_database_is(
    plant: Plant, zone: str
) -> None:
    await plant.session.execute(text(f"SET LOCAL TIME ZONE '{zone}'"))
    plant.clock.advance(59)
    await carried_out(plant, 45)

    assert await ask(plant) == [(1, "all", 30), (2, "all", 15)]


async def test_a_day_has_24_hours_where_clocks_are_changed_too(plant: Plant) -> None:
    await plant.session.execute(text("SET LOCAL TIME ZONE 'America/New_York'"))
    plant.clock.now = datetime(2026, 3, 7, 23, 59, 59, tzinfo=UTC)
    await plant.started(RunType.PROPOSED)
    await plant.session.flush()
    plant.clock.advance(36 * 3600)

    query = UsageQuery.read(
        since="2026-03-08", until="2026-03-10", aspect="run-minutes", group=""
    )
    lines = await plant.unit.usage.lines(query, by=ADA)
    assert [line.amount for line in lines] == [24 * 60, 12 * 60]


async def test_minutes_are_told_apart_by_type_and_by_state(plant: Plant) -> None:
    plant.clock.now = MIDNIGHT
    await carried_out(plant, 2)
    held = await plant.started(RunType.TRACKED)
    plant.clock.advance(60)
    await held.enter(RunState.INITIALIZING)
    await plant.session.flush()

    assert await ask(plant, "run-type") == [(2, "PROPOSED", 2), (2, "TRACKED", 1)]
    assert await ask(plant, "run-state") == [(2, "FAILED", 2), (2, "INITIALIZING", 1)]


async def test_a_worker_counts_once_a_day_and_pool(plant: Plant) -> None:
    plant.clock.now = MIDNIGHT
    first = await carried_out(plant, 1)
    await plant.started(RunType.PROPOSED)
    plant.clock.advance(24 * 3600)
    await plant.session.flush()

    pool = first.leg.pool_id
    assert await ask(plant, aspect="worker-count") == [(2, pool, 2), (3, pool, 1)]


async def test_what_no_worker_accepted_is_not_counted(plant: Plant) -> None:
    await plant.worker()
    await plant.trigger(RunType.PROPOSED)
    await plant.gate()
    assert await plant.claim() is not None
    await plant.session.flush()
    plant.clock.advance(60)

    assert await ask(plant) == []


async def test_only_administrators_of_the_account_see_it(plant: Plant) -> None:
    day = date(2026, 3, 1)
    query = UsageQuery.read(
        since=str(day), until=str(day), aspect="run-minutes", group=""
    )
    key = Subject(SubjectKind.API_KEY, "01EVE", "eve")
    with pytest.raises(ForbiddenError, match="unauthorized"):
        await plant.unit.usage.lines(query, by=key)
    with pytest.raises(UnauthorizedError):
        await plant.unit.usage.lines(query, by=NOBODY)
