"""How a run finds its worker: gate, claim, and the claim that is undone."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.runs import COMMIT, HANDOVER, Plant
from tests.support.stacks import ADA

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import LegId, new_ulid
from stackyard.runs import RunState, RunType
from stackyard_protocol.report import Accepted, Ended


@pytest.fixture
async def plant(session: AsyncSession) -> Plant:
    return await Plant(session).prepare()


async def test_blocking_runs_of_a_stack_pass_one_after_the_other(plant: Plant) -> None:
    runs = [await plant.trigger(), await plant.task(), await plant.trigger()]
    await plant.worker()

    for number, run in enumerate(runs):
        held = await plant.taken()
        assert held.run.id == run.id
        assert [one.state for one in runs[number + 1 :]] == (
            [RunState.QUEUED] * (len(runs) - number - 1)
        )
        await held.say(Ended("FAILED"))


async def test_a_proposal_neither_holds_the_blocker_nor_waits_for_it(
    plant: Plant,
) -> None:
    tracked, proposed = await plant.trigger(), await plant.trigger(RunType.PROPOSED)
    another = await plant.trigger()

    await plant.gate()

    assert (tracked.state, proposed.state) == (RunState.READY, RunState.READY)
    assert (tracked.holds_blocker, proposed.holds_blocker) == (True, False)
    assert another.state is RunState.QUEUED


async def test_a_run_without_its_commit_holds_up_those_behind_it(plant: Plant) -> None:
    first, second = await plant.trigger(), await plant.trigger()
    first.commit = None
    await plant.session.flush()

    gate = await plant.gate()

    assert gate.lacks_commit
    assert (first.state, second.state) == (RunState.QUEUED, RunState.QUEUED)
    await plant.unit.dispatch.set_commit(first.id, COMMIT.as_dict(), by=SYSTEM)
    assert not (await plant.gate()).lacks_commit
    assert (first.state, second.state) == (RunState.READY, RunState.QUEUED)


async def test_code_that_cannot_be_had_fails_a_run_once_there_is_a_worker(
    plant: Plant,
) -> None:
    run = await plant.trigger()

    await plant.unit.dispatch.fail(run.id, "no such branch", by=SYSTEM)
    assert run.state is RunState.QUEUED

    await plant.worker()
    await plant.unit.dispatch.fail(run.id, "no such branch", by=SYSTEM)
    assert str(run.state) == "FAILED"


async def test_a_disabled_stack_lets_nothing_through(plant: Plant) -> None:
    run = await plant.trigger()
    await plant.unit.stacks.disable(plant.stack_id, by=ADA)

    assert (await plant.gate()).pool_id is None
    assert run.state is RunState.QUEUED


async def test_what_changes_infrastructure_goes_before_proposals(plant: Plant) -> None:
    proposed, tracked = await plant.trigger(RunType.PROPOSED), await plant.trigger()
    await plant.worker()

    assert (await plant.taken()).run.id == tracked.id
    assert await plant.claim() is None  # no second worker
    await plant.worker()
    assert (await plant.taken()).run.id == proposed.id


async def test_a_claim_that_nobody_accepts_is_undone(plant: Plant) -> None:
    run = await plant.trigger()
    await plant.worker()
    await plant.gate()
    claim = await plant.claim()
    assert claim is not None
    assert run.state is RunState.PREPARING
    assert await plant.claim() is None

    plant.clock.advance(HANDOVER.total_seconds())
    pool_id = await plant.unit.dispatch.undo_unaccepted(claim.leg.id, by=SYSTEM)

    assert pool_id == plant.pool_id
    assert str(run.state) == "READY"
    again = await plant.claim()
    assert again is not None
    assert (again.run.id, again.leg.id != claim.leg.id) == (run.id, True)


async def test_a_claim_that_was_accepted_stays(plant: Plant) -> None:
    held = await plant.started()

    undone = await plant.unit.dispatch.undo_unaccepted(held.leg.id, by=SYSTEM)

    assert undone is None
    assert held.run.state is RunState.PREPARING


async def test_who_accepts_too_late_is_told_to_let_go(plant: Plant) -> None:
    await plant.worker()
    await plant.trigger()
    held = await plant.taken()
    held.leg.accepted_at = None
    await plant.session.flush()
    await plant.unit.dispatch.undo_unaccepted(held.leg.id, by=SYSTEM)

    assert (await held.say(Accepted())).next == "let_go"
    assert held.run.state is RunState.READY


async def test_what_is_told_of_a_leg_that_went_with_its_stack_means_nothing(
    plant: Plant,
) -> None:
    """Or the message that looks after a claim would be a dead letter every time."""
    gone = LegId(new_ulid())
    assert await plant.unit.dispatch.undo_unaccepted(gone, by=SYSTEM) is None
    await plant.unit.legs.lose(gone, by=SYSTEM)
