"""How a stack goes: with what it made, and at once if it made nothing."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.runs import Plant
from tests.support.stacks import ADA

from stackyard.kernel.access import SYSTEM, Grant, Subject, SubjectKind
from stackyard.kernel.errors import ForbiddenError
from stackyard.kernel.ids import LEGACY
from stackyard.runs import Looked, Run, RunState, RunType
from stackyard.state import Given, LockInfo, StateVersion
from stackyard_protocol.report import Resource


@pytest.fixture
async def plant(session: AsyncSession) -> Plant:
    """A stack that is to go, with all that it made."""
    plant = await Plant(session).prepare()
    await plant.unit.stacks.delete(plant.stack_id, destroy_resources=True, by=ADA)
    return plant


async def go_on(plant: Plant, looked: Looked | None = None) -> StateVersion | None:
    await plant.session.flush()
    return await plant.unit.deletions.go_on(plant.stack_id, looked=looked, by=SYSTEM)


async def is_gone(plant: Plant) -> bool:
    return await plant.unit.stacks.find(plant.stack_id, by=SYSTEM) is None


async def destroying(plant: Plant) -> list[Run]:
    """Return the runs that destroy what the stack has made."""
    kinds = [RunType.DESTROY]
    found = await plant.unit.runs.of_stacks([plant.stack_id], kinds, by=SYSTEM)
    return found.get(plant.stack_id, [])


async def has_state(plant: Plant, serial: int = 1) -> None:
    states, stack_id = plant.unit.states, plant.stack_id
    given = Given(serial, "line", f"{serial:064}", 9)
    await states.lock(stack_id, LockInfo("key", {}), by=ADA)
    version = await states.prepare_write(stack_id, given, "key", by=ADA)
    assert version is not None
    await states.record_write(version, "key", by=ADA)
    await states.unlock(stack_id, "key", by=ADA)


async def found(plant: Plant, *resources: Resource) -> None:
    """Be a run that looked into the state."""
    await plant.unit.states.replace(
        plant.stack_id, outputs=None, resources=resources, by=SYSTEM
    )


async def test_a_stack_that_never_had_a_state_goes_at_once(plant: Plant) -> None:
    assert await go_on(plant) is None
    assert await is_gone(plant)


async def test_a_stack_whose_state_is_of_nothing_goes_at_once(plant: Plant) -> None:
    await has_state(plant)
    state = await go_on(plant)
    assert state is not None  # it is to be looked into first
    assert not await destroying(plant)
    await go_on(plant, Looked(state.id, is_bare=True))
    assert await is_gone(plant)


async def test_what_is_in_the_state_is_destroyed_first(plant: Plant) -> None:
    await has_state(plant)
    state = await go_on(plant)
    assert state is not None
    await go_on(plant, Looked(state.id, is_bare=False))
    [run] = await destroying(plant)
    assert await go_on(plant) is None
    assert await destroying(plant) == [run]


async def test_a_state_that_came_after_the_look_counts(plant: Plant) -> None:
    await has_state(plant)
    state = await go_on(plant)
    assert state is not None
    await has_state(plant, serial=2)
    await go_on(plant, Looked(state.id, is_bare=True))
    assert await destroying(plant)


async def test_what_a_run_has_found_is_destroyed_whatever_the_state_says(
    plant: Plant,
) -> None:
    await found(plant, Resource("x.one", "x", "one", "p"))
    assert await go_on(plant) is None
    assert await destroying(plant)


async def test_where_the_state_is_elsewhere_nobody_knows_what_was_made(
    plant: Plant,
) -> None:
    stack = await plant.unit.stacks.get(plant.stack_id, by=SYSTEM)
    stack.manages_state = False
    await go_on(plant)
    assert await destroying(plant)


async def test_a_run_that_waits_is_discarded_and_one_that_goes_on_is_waited_for(
    session: AsyncSession,
) -> None:
    plant = await Plant(session).prepare()
    held = await plant.started()
    waits = await plant.trigger()
    await plant.unit.stacks.delete(plant.stack_id, destroy_resources=True, by=ADA)

    await go_on(plant)

    assert waits.state is RunState.DISCARDED
    assert held.run.state is RunState.PREPARING
    assert not await is_gone(plant)


async def test_to_destroy_once_more_takes_who_may_delete_the_stack(
    plant: Plant,
) -> None:
    await found(plant, Resource("x.one", "x", "one", "p"))
    await go_on(plant)
    [run] = await destroying(plant)
    await plant.unit.dispatch.gate(plant.stack_id, by=SYSTEM)
    run.state = RunState.FAILED
    await go_on(plant)
    grants = (Grant(LEGACY, "space-writer"),)
    writer = Subject(SubjectKind.USER, "w", "W", grants=grants, bound=False)

    with pytest.raises(ForbiddenError):
        await plant.unit.triggers.retry(plant.stack_id, run.id, by=writer)
    again = await plant.unit.triggers.retry(plant.stack_id, run.id, by=ADA)
    assert again.type is RunType.DESTROY
