"""What a tracked run brings with it on the stacks that depend on its own."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.support.realm import Realm
from tests.support.runs import HeldLeg, Plant
from tests.support.stacks import ADA, a_spec

from stackyard.kernel.access import SYSTEM, Action
from stackyard.kernel.errors import ForbiddenError
from stackyard.kernel.ids import ROOT, StackId
from stackyard.runs import ForceApply, Run, RunState, RunType
from stackyard.runs.errors import (
    CascadeForbiddenError,
    ForceApplyTypeError,
    InputsMissingError,
)
from stackyard.stacks import ReferenceSpec
from stackyard_protocol.report import Ended, Next, Output

PUSHED = {"hash": "decade1", "message": "Add x"}


@pytest.fixture
async def plant(session: AsyncSession) -> Plant:
    """Four stacks: Net above, Left and Right below it, App below these."""
    plant = await Plant(session).prepare(autodeploy=True)
    for name in ("Left", "Right", "App"):
        await plant.stack(name, autodeploy=True)
    for stack, on in (
        ("left", "net"),
        ("right", "net"),
        ("app", "left"),
        ("app", "right"),
    ):
        await plant.unit.stack_dependencies.create(StackId(stack), StackId(on), by=ADA)
    return plant


async def hand_on(plant: Plant, stack: str, on: str, **given: Any) -> None:
    found = await plant.unit.stack_dependencies.of([StackId(stack)], by=ADA)
    [edge] = [one for one in found[StackId(stack)] if one.depends_on_id == on]
    wanted = ReferenceSpec(**{"output_name": "ip", "input_name": "IP"} | given)
    await plant.unit.stack_dependencies.add_reference(edge.id, wanted, by=ADA)
    plant.clock.advance(1)


async def run_of(plant: Plant, stack: str) -> Run:
    """Return the newest tracked run of a stack."""
    stack_id = StackId(stack)
    found = await plant.unit.runs.of_stacks([stack_id], [RunType.TRACKED], by=SYSTEM)
    return found[stack_id][0]


async def states(plant: Plant) -> dict[str, RunState]:
    """Let every gate be looked at, as after each end of a run; return the states."""
    for stack in ("left", "right", "app"):
        await plant.unit.dispatch.gate(StackId(stack), by=SYSTEM)
    names = ("net", "left", "right", "app")
    return {name: (await run_of(plant, name)).state for name in names}


async def taken(plant: Plant, stack: str) -> HeldLeg:
    plant.stack_id = StackId(stack)
    await plant.worker()
    held = await plant.taken()
    assert held.run.stack_id == stack
    return held


async def carried_out(
    plant: Plant, stack: str, state: str = "FINISHED", **outputs: str
) -> None:
    """Apply the stack's run; with no outputs it plans, and finds nothing to do."""
    held = await taken(plant, stack)
    await held.planned(add=1 if outputs else 0)
    if outputs:
        await held.enter(RunState.APPLYING)
    said = [Output(name, False, value) for name, value in outputs.items()]
    await held.say(Ended(state, outputs=said or None))
    plant.clock.advance(1)


async def all_have_run(plant: Plant) -> None:
    await plant.trigger()
    for stack in ("net", "left", "right", "app"):
        await carried_out(plant, stack, ip='"192.0.2.1"')
        await states(plant)
    plant.stack_id = StackId("net")


async def test_all_below_are_queued_at_once_and_nothing_above(plant: Plant) -> None:
    run = await plant.trigger()
    for stack in ("left", "right", "app"):
        below = await run_of(plant, stack)
        assert (below.state, below.triggered_by) == (RunState.QUEUED, f"net/{run.id}")
    plant.stack_id = StackId("left")
    await plant.trigger()
    assert await run_of(plant, "net") is run


async def test_each_waits_for_those_above_it_in_its_chain_and_siblings_do_not(
    plant: Plant,
) -> None:
    await plant.trigger()
    assert set((await states(plant)).values()) == {RunState.QUEUED}
    await carried_out(plant, "net")
    seen = await states(plant)
    assert [seen[one] for one in ("left", "right", "app")] == [
        "READY",
        "READY",
        "QUEUED",
    ]
    await carried_out(plant, "left")
    assert (await states(plant))["app"] is RunState.QUEUED
    await carried_out(plant, "right")
    assert (await states(plant))["app"] is RunState.READY


async def test_a_run_in_the_middle_waits_for_nothing_above_it(plant: Plant) -> None:
    plant.stack_id = StackId("left")
    run = await plant.trigger()
    await plant.gate()
    assert run.state is RunState.READY


@pytest.mark.parametrize("kind", [RunType.PROPOSED, RunType.TASK])
async def test_only_tracked_runs_matter(plant: Plant, kind: RunType) -> None:
    await (plant.task() if kind is RunType.TASK else plant.trigger(kind))
    found = await plant.unit.runs.of_stacks([StackId("left")], list(RunType), by=SYSTEM)
    assert found == {"left": []}


async def test_all_below_what_failed_are_skipped_and_say_why(plant: Plant) -> None:
    await plant.trigger()
    await carried_out(plant, "net")
    await states(plant)
    await carried_out(plant, "left", "FAILED")
    failed = await run_of(plant, "left")
    seen = await states(plant)
    assert (seen["right"], seen["app"]) == (RunState.READY, RunState.SKIPPED)
    last, *_ = await plant.unit.runs.history([(await run_of(plant, "app")).id], by=ADA)
    assert last.note == f'The run {failed.id} of "left" is FAILED.'


async def test_what_failed_skips_also_what_is_farther_below(plant: Plant) -> None:
    run = await plant.trigger()
    await plant.unit.runs.discard(plant.stack_id, run.id, by=ADA)
    seen = await states(plant)
    assert [seen[one] for one in ("left", "right", "app")] == ["SKIPPED"] * 3


@pytest.mark.parametrize("why", ["disabled", "without a pool", "busy"])
async def test_what_failed_skips_also_what_could_not_run_now(
    plant: Plant, why: str
) -> None:
    left = StackId("left")
    if why == "busy":
        plant.stack_id = left
        await plant.trigger()
        await plant.gate()
        plant.stack_id = StackId("net")
    run = await plant.trigger()
    if why == "disabled":
        await plant.unit.stacks.disable(left, by=ADA)
    elif why == "without a pool":
        await plant.unit.stacks.update(left, a_spec(name="Left"), by=ADA)
    await plant.unit.runs.discard(plant.stack_id, run.id, by=ADA)
    seen = await states(plant)
    assert [seen[one] for one in ("left", "right", "app")] == ["SKIPPED"] * 3


async def test_a_locked_stack_gets_its_run_and_does_not_deploy_by_itself(
    plant: Plant,
) -> None:
    await plant.unit.stacks.lock(StackId("left"), by=ADA)
    await plant.trigger()
    await carried_out(plant, "net")
    assert (await states(plant))["left"] is RunState.READY
    held = await taken(plant, "left")
    assert (await held.planned(add=1)).next is Next.ARCHIVE


async def test_an_end_names_the_stacks_that_waited_for_it(plant: Plant) -> None:
    run = await plant.trigger()
    found = await plant.unit.chains.stacks_waiting_for(run.id, by=SYSTEM)
    assert sorted(found) == ["left", "right"]


async def test_a_retry_brings_nothing_with_it(plant: Plant) -> None:
    run = await plant.trigger()
    await plant.unit.runs.discard(plant.stack_id, run.id, by=ADA)
    first = await run_of(plant, "left")
    await plant.unit.triggers.retry(plant.stack_id, run.id, by=ADA)
    assert await run_of(plant, "left") is first


async def test_a_disabled_stack_gets_no_run_nor_what_is_below_it_only(
    plant: Plant,
) -> None:
    for stack in ("left", "right"):
        await plant.unit.stacks.disable(StackId(stack), by=ADA)
    await plant.trigger()
    found = await plant.unit.runs.of_stacks(
        [StackId(one) for one in ("left", "right", "app")], list(RunType), by=SYSTEM
    )
    assert list(found.values()) == [[], [], []]


@pytest.mark.parametrize(
    ("outputs", "always", "goes"),
    [
        ({"ip": '"192.0.2.1"', "other": "1"}, False, False),  # ip is as it was
        ({"ip": '"192.0.2.2"'}, False, True),
        ({"ip": '"192.0.2.1"'}, True, True),
        ({}, False, False),  # nothing was applied
        ({}, True, True),
    ],
)
async def test_a_reference_calls_for_a_run_if_its_output_is_new(
    plant: Plant, outputs: dict[str, str], *, always: bool, goes: bool
) -> None:
    await hand_on(plant, "left", "net", trigger_always=always)
    await all_have_run(plant)
    await plant.trigger()
    await carried_out(plant, "net", **outputs)
    seen = await states(plant)
    assert seen["left"] is (RunState.READY if goes else RunState.SKIPPED)
    assert seen["right"] is RunState.READY  # nothing is handed on to it


async def test_a_new_reference_calls_for_a_run(plant: Plant) -> None:
    await all_have_run(plant)
    await hand_on(plant, "left", "net")
    await plant.trigger()
    await carried_out(plant, "net")
    assert (await states(plant))["left"] is RunState.READY


async def test_one_dependency_that_calls_for_a_run_is_enough(plant: Plant) -> None:
    await hand_on(plant, "app", "left")
    await all_have_run(plant)
    await plant.trigger()
    for stack in ("net", "left", "right"):
        await carried_out(plant, stack)
        await states(plant)
    assert (await states(plant))["app"] is RunState.READY


async def given(plant: Plant, run: Run) -> dict[str, tuple[str, bool]]:
    found = await plant.unit.chains.inputs(run, by=SYSTEM)
    return {one.id: (one.value, one.secret) for one in found}


async def test_outputs_become_variables_and_secret_ones_stay_secret(
    plant: Plant,
) -> None:
    await hand_on(plant, "left", "net")
    await hand_on(plant, "left", "net", output_name="ports", input_name="PORTS")
    await hand_on(plant, "left", "net", output_name="key", input_name="KEY")
    outputs = [
        Output("ip", False, '"192.0.2.1"'),
        Output("ports", False, "[80, 443]"),
        Output("key", True, '"canary-5ecre7"'),
    ]
    await plant.unit.states.replace(
        StackId("net"), outputs=outputs, resources=None, by=SYSTEM
    )
    plant.stack_id = StackId("left")
    assert await given(plant, await plant.trigger()) == {
        "IP": ("192.0.2.1", False),
        "PORTS": ("[80, 443]", False),
        "KEY": ("canary-5ecre7", True),
    }


async def test_a_run_on_its_own_fails_without_an_input_that_it_needs(
    plant: Plant,
) -> None:
    await hand_on(plant, "left", "net")
    plant.stack_id = StackId("left")
    run = await plant.trigger()
    with pytest.raises(InputsMissingError, match="following inputs are missing: IP"):
        await given(plant, run)


async def test_in_a_chain_an_output_that_did_not_come_about_is_left_out(
    plant: Plant,
) -> None:
    await hand_on(plant, "left", "net")
    await plant.trigger()
    await carried_out(plant, "net", other="1")
    assert await given(plant, await run_of(plant, "left")) == {}


async def test_outputs_of_a_run_that_failed_are_handed_on_once_one_goes_well(
    plant: Plant,
) -> None:
    await hand_on(plant, "left", "net")
    await all_have_run(plant)
    await plant.trigger()
    await carried_out(plant, "net", "FAILED", ip='"192.0.2.2"')
    assert (await states(plant))["left"] is RunState.SKIPPED
    left = await run_of(plant, "left")
    assert await given(plant, left) == {"IP": ("192.0.2.1", False)}

    plant.stack_id = StackId("net")
    await plant.trigger()
    await carried_out(plant, "net", ip='"192.0.2.2"')
    assert (await states(plant))["left"] is RunState.READY
    left = await run_of(plant, "left")
    assert await given(plant, left) == {"IP": ("192.0.2.2", False)}


async def test_an_output_that_a_task_has_changed_is_new_to_those_below(
    plant: Plant,
) -> None:
    await hand_on(plant, "left", "net")
    await all_have_run(plant)
    for changed, turn in (("2", RunState.READY), ("2", RunState.SKIPPED)):
        plant.stack_id = StackId("net")
        await plant.task()
        held = await taken(plant, "net")
        await held.enter(RunState.INITIALIZING, RunState.PERFORMING)
        await held.say(Ended("FINISHED", outputs=[Output("ip", False, changed)]))
        await plant.trigger()
        await carried_out(plant, "net", ip=changed)
        assert (await states(plant))["left"] is turn
        for below in ("left", "right", "app"):
            if (await run_of(plant, below)).state is not RunState.SKIPPED:
                await carried_out(plant, below)
                await states(plant)


async def push(plant: Plant, stack: str) -> Run | None:
    return await plant.unit.triggers.push(
        StackId(stack),
        RunType.TRACKED,
        branch="main",
        commit=PUSHED,
        pushed_by="ada",
        by=SYSTEM,
    )


async def test_runs_of_one_push_are_one_chain(plant: Plant) -> None:
    for stack in ("net", "left"):
        await push(plant, stack)
    found = await plant.unit.runs.of_stacks(
        [StackId("left"), StackId("app")], [RunType.TRACKED], by=SYSTEM
    )
    [below], [_lowest] = found[StackId("left")], found[StackId("app")]
    assert (below.commit, below.awaits_upstream) == (PUSHED, True)
    await states(plant)
    assert below.state is RunState.QUEUED
    assert await push(plant, "left") is None  # told again


async def test_stacks_come_after_those_that_they_depend_on(plant: Plant) -> None:
    stacks = await plant.unit.stacks.all(by=SYSTEM)  # by name: App is the first
    order = await plant.unit.stack_dependencies.upstream_first(stacks, by=SYSTEM)
    assert [one.id for one in order][::3] == ["net", "app"]


async def test_what_was_confirmed_in_advance_does_not_wait_and_those_below_do(
    session: AsyncSession,
) -> None:
    plant = await waiting_for_people(session)
    await plant.trigger(force_apply=ForceApply.SINGLE)

    assert (await (await taken(plant, "net")).planned()).next is Next.APPLY
    assert not (await run_of(plant, "left")).force_apply


async def test_a_cascade_is_confirmed_in_advance_all_the_way_down(
    session: AsyncSession,
) -> None:
    plant = await waiting_for_people(session)
    await plant.trigger(force_apply=ForceApply.CASCADE)
    for stack in ("net", "left"):
        held = await taken(plant, stack)
        assert (await held.planned()).next is Next.APPLY
        await held.enter(RunState.APPLYING)
        await held.say(Ended("FINISHED"))
        await plant.unit.dispatch.gate(StackId("left"), by=SYSTEM)

    notes = [step.note for step in await plant.unit.runs.history([held.run.id], by=ADA)]
    assert "Applied at once, as was said when the run was triggered." in notes


async def test_a_lock_has_what_was_confirmed_in_advance_wait_all_the_same(
    session: AsyncSession,
) -> None:
    plant = await waiting_for_people(session)
    await plant.trigger(force_apply=ForceApply.SINGLE)
    held = await taken(plant, "net")
    await plant.unit.stacks.lock(StackId("net"), by=ADA)

    assert (await held.planned()).next is Next.ARCHIVE


async def test_a_proposal_is_not_confirmed_in_advance(session: AsyncSession) -> None:
    plant = await waiting_for_people(session)
    with pytest.raises(ForceApplyTypeError):
        await plant.trigger(RunType.PROPOSED, force_apply=ForceApply.SINGLE)


async def waiting_for_people(session: AsyncSession) -> Plant:
    """Two stacks that do not deploy by themselves: Net above, Left below it."""
    plant = await Plant(session).prepare()
    await plant.stack("Left")
    await plant.unit.stack_dependencies.create(StackId("left"), StackId("net"), by=ADA)
    return plant


async def test_who_may_not_confirm_cannot_do_it_in_advance(
    session: AsyncSession,
) -> None:
    realm = await Realm(session).prepare()
    outer, inner = [await realm.space(one, ROOT) for one in ("outer", "inner")]
    top = await realm.stack("Top", outer)
    below = await realm.stack("Below", inner)
    await realm.unit.stack_dependencies.create(below, top, by=SYSTEM)
    may_trigger = await realm.role("trigger", Action.SPACE_READ, Action.RUN_TRIGGER)
    both = Action.SPACE_READ, Action.RUN_TRIGGER, Action.RUN_CONFIRM
    may_confirm = await realm.role("confirm", *both)
    one = await realm.user("one", (outer, may_trigger))
    other = await realm.user("other", (outer, may_confirm), (inner, "space-reader"))
    third = await realm.user("third", (outer, may_confirm))
    trigger = realm.unit.triggers.trigger

    with pytest.raises(ForbiddenError, match="unauthorized"):
        await trigger(top, force_apply=ForceApply.SINGLE, by=one)
    with pytest.raises(CascadeForbiddenError, match=r"\(such as below\)"):
        await trigger(top, force_apply=ForceApply.CASCADE, by=other)
    with pytest.raises(CascadeForbiddenError) as told:
        await trigger(top, force_apply=ForceApply.CASCADE, by=third)

    assert "below" not in str(told.value)  # of which the third may not know
    assert (await trigger(top, force_apply=ForceApply.SINGLE, by=third)).force_apply
