"""What a worker reports, what that does, and what it is answered."""

import pytest
from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.runs import HeldLeg, Plant
from tests.support.stacks import ADA

from stackyard.identity import Passport
from stackyard.kernel.access import SYSTEM, Subject, SubjectKind
from stackyard.kernel.errors import ForbiddenError
from stackyard.kernel.ids import LEGACY
from stackyard.runs import LegNotFoundError, LogPart, RunEnded, RunState, RunType
from stackyard_protocol.report import (
    Accepted,
    Archived,
    Ended,
    Entered,
    Lost,
    Next,
    Output,
    Report,
)


@pytest.fixture
async def plant(session: AsyncSession) -> Plant:
    return await Plant(session).prepare()


async def history(held: HeldLeg) -> list[str]:
    steps = await held.plant.unit.runs.history([held.run.id], by=SYSTEM)
    return [step.state for step in reversed(steps)]


async def test_a_repeated_report_has_its_effect_once_and_the_same_answer(
    plant: Plant,
) -> None:
    held = await plant.started()

    first = await held.say(Entered(RunState.INITIALIZING))
    again = await held.repeat(Entered(RunState.INITIALIZING))

    assert again == first
    assert (await history(held)).count("INITIALIZING") == 1


async def test_nobody_reports_for_another_leg(plant: Plant) -> None:
    held = await plant.started()
    stranger = Subject(SubjectKind.WORKER, "another", "worker")

    with pytest.raises(ForbiddenError):
        await plant.unit.legs.report(held.leg.id, Report(9, Lost("x")), by=stranger)


async def test_a_wrong_token_and_no_such_leg_are_the_same(plant: Plant) -> None:
    held = await plant.started()
    await plant.unit.legs.give_token(held.leg.id, "right", by=SYSTEM)

    for leg_id, token in ((held.leg.id, "wrong"), ("01NOLEG", "right")):
        with pytest.raises(LegNotFoundError):
            await plant.unit.legs.authenticate(leg_id, token, by=SYSTEM)  # type: ignore[arg-type] # as it comes from a url


async def test_a_run_has_a_passport_while_a_worker_carries_it_out(plant: Plant) -> None:
    await plant.worker()
    run = await plant.trigger()
    await plant.gate()
    claim = await plant.claim()
    assert claim is not None
    assert await plant.unit.legs.passport(run.id, by=SYSTEM) is None  # not accepted yet

    held = HeldLeg(plant, claim.run, claim.leg)
    await held.say(Accepted())
    passport = await plant.unit.legs.passport(run.id, by=SYSTEM)
    assert passport == Passport(
        held.leg.id, plant.stack_id, LEGACY, administrative=False
    )

    await held.say(Ended("FAILED"))
    assert await plant.unit.legs.passport(run.id, by=SYSTEM) is None


async def test_a_plan_with_changes_waits_for_a_person(plant: Plant) -> None:
    held = await plant.started()

    assert (await held.planned()).next is Next.ARCHIVE
    assert (await held.say(Archived("0" * 64, 1))).next is Next.LET_GO

    assert held.run.state is RunState.UNCONFIRMED
    assert held.leg.ended_at is not None
    assert held.run.holds_blocker


async def test_a_plan_without_changes_is_the_end(plant: Plant) -> None:
    held = await plant.started()

    assert (await held.planned(add=0)).next is Next.FINISH


async def test_a_stack_that_deploys_by_itself_applies_here_and_now(
    session: AsyncSession,
) -> None:
    plant = await Plant(session).prepare(autodeploy=True)
    held = await plant.started()

    assert (await held.planned()).next is Next.APPLY


async def test_a_locked_stack_does_not_deploy_by_itself(session: AsyncSession) -> None:
    plant = await Plant(session).prepare(autodeploy=True)
    held = await plant.started()
    await plant.unit.stacks.lock(plant.stack_id, by=ADA)

    assert (await held.planned()).next is Next.ARCHIVE


async def test_a_proposal_is_never_applied(session: AsyncSession) -> None:
    plant = await Plant(session).prepare(autodeploy=True)
    held = await plant.started(RunType.PROPOSED)

    assert (await held.planned()).next is Next.FINISH
    with pytest.raises(Exception, match="apply"):
        await held.say(Entered(RunState.APPLYING))


async def test_a_wish_to_stop_is_heard_with_the_next_report(plant: Plant) -> None:
    held = await plant.started()
    await plant.unit.runs.stop(plant.stack_id, held.run.id, note="enough", by=ADA)

    answer = await held.say(Entered(RunState.INITIALIZING))

    assert (answer.next, answer.note) == (Next.STOP, "enough")
    await held.say(Ended("STOPPED"))
    assert held.run.state is RunState.STOPPED


async def test_the_end_frees_the_worker_and_tells_the_next_run(plant: Plant) -> None:
    held = await plant.started()
    output = Output("url", sensitive=False, value='"here"')

    answer = await held.say(Ended("FINISHED", None, [output], []))

    assert answer.next is Next.LET_GO
    assert held.run.state is RunState.FINISHED
    assert any(isinstance(event, RunEnded) for event in plant.outbox.events)
    [kept] = await plant.unit.states.outputs([plant.stack_id], by=SYSTEM)
    assert (kept.id, kept.value) == ("url", '"here"')
    await plant.trigger()
    await plant.taken()  # the same worker is free again


async def test_a_report_announces_the_log_that_is_still_on_its_way(
    plant: Plant,
) -> None:
    held = await plant.started()
    version = held.run.state_version

    await held.say(Ended("FAILED"), printed=version)

    part = await plant.unit.logs.read(held.run, version, offset=0, by=SYSTEM)
    assert isinstance(part, LogPart)
    assert (part.body, part.exists, part.finished) == (b"", True, False)
    listed = await plant.unit.logs.versions_with_logs([held.run], by=SYSTEM)
    assert listed == {(held.run.id, version)}


async def test_a_worker_that_vanishes_before_it_accepted_costs_nothing(
    plant: Plant,
) -> None:
    held = await plant.started()
    held.leg.accepted_at = None
    await plant.session.flush()

    await plant.unit.legs.lose(held.leg.id, by=SYSTEM)

    assert held.run.state is RunState.READY
    assert held.leg.ended_at is not None


async def test_a_worker_that_vanishes_in_an_apply_fails_the_run_and_says_so(
    session: AsyncSession,
) -> None:
    plant = await Plant(session).prepare(autodeploy=True)
    held = await plant.started()
    await held.planned()
    answer = await held.enter(RunState.APPLYING)
    await held.repeat(Entered(RunState.APPLYING), printed=answer.state_version)

    await plant.unit.legs.lose(held.leg.id, by=SYSTEM)

    assert held.run.state is RunState.FAILED
    [last, *_] = await plant.unit.runs.history([held.run.id], by=SYSTEM)
    assert last.note is not None
    assert "Some changes may have been made" in last.note
    assert (await held.say(Ended("FINISHED"))).next is Next.LET_GO
    assert held.run.state is RunState.FAILED


async def test_what_a_restarted_launcher_lost_is_failed_and_its_log_still_comes(
    plant: Plant,
) -> None:
    held = await plant.started()
    version = held.run.state_version

    await held.say(Lost("The launcher was restarted"), printed=version)

    assert held.run.state is RunState.FAILED
    part = await plant.unit.logs.read(held.run, version, offset=0, by=SYSTEM)
    assert isinstance(part, LogPart)
    assert not part.finished  # it has the rest in its journal


async def test_a_lost_workers_log_is_at_its_end(plant: Plant) -> None:
    held = await plant.started()
    version = held.run.state_version
    await held.say(Accepted(), printed=version)

    await plant.unit.legs.lose(held.leg.id, by=SYSTEM)

    part = await plant.unit.logs.read(held.run, version, offset=0, by=SYSTEM)
    assert isinstance(part, LogPart)
    assert (part.exists, part.finished) == (True, True)


async def test_a_list_of_runs_leaves_their_plans_where_they_are(plant: Plant) -> None:
    """Each may be of thousands of resources."""
    held = await plant.started()
    await held.planned(add=2)
    await plant.session.flush()
    plant.session.expunge_all()
    runs, ids = plant.unit.runs, [held.run.id]
    kinds = [RunType.TRACKED]
    listed = await runs.of_stacks([plant.stack_id], kinds, by=SYSTEM)
    found = [*listed[plant.stack_id], *await runs.some(ids, by=SYSTEM)]
    assert [inspect(one).unloaded for one in found] == [{"changes"}] * 2
    changes = (await runs.changes(ids, by=SYSTEM))[held.run.id]
    assert [one.address for one in changes] == ["x.0", "x.1"]
