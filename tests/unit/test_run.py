from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from tests.support.stacks import ADA

from stackyard.kernel.ids import LegId, PoolId, StackId, WorkerId
from stackyard.runs import Leg, Run, RunState, RunTransitionError, RunType, queue_run
from stackyard.runs.errors import (
    TargetsMissingError,
    TargetUnknownError,
    WorkspaceExpiredError,
)
from stackyard.runs.review import Decision, RunReview, review
from stackyard_protocol.job import LegKind
from stackyard_protocol.report import Change, Next, Planned

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
POOL = PoolId("pool")
CHANGED = Planned(
    add=1,
    change=0,
    delete=0,
    resources=1,
    outputs_changed=False,
    changes=[Change(address="a.b", type="a", actions=["create"])],
)
UNCHANGED = Planned(add=0, change=0, delete=0, resources=1, outputs_changed=False)


def a_run(state: RunState = RunState.QUEUED, kind: RunType = RunType.TRACKED) -> Run:
    run, _ = queue_run(stack_id=StackId("net"), type=kind, branch="main", at=NOON)
    run.state = state
    return run


def test_a_tracked_run_walks_from_queued_to_finished() -> None:
    run = a_run()

    run.make_ready(pool_id=POOL, at=NOON)
    run.assign(at=NOON)
    run.enter(RunState.INITIALIZING, at=NOON)
    run.enter(RunState.PLANNING, at=NOON)
    assert run.after_plan(CHANGED, automatic=False) is Next.ARCHIVE
    run.park(key="k", sha256="s", at=NOON)
    run.confirm(by="ada", at=NOON)
    run.assign(at=NOON)
    run.enter(RunState.APPLYING, at=NOON)
    last = run.end(RunState.FINISHED, at=NOON)

    assert last.terminal
    assert run.state_version == 10
    assert not run.holds_blocker


@pytest.mark.parametrize("kind", [RunType.PROPOSED, RunType.TASK, RunType.DESTROY])
def test_only_a_tracked_run_can_ever_apply(kind: RunType) -> None:
    run = a_run(RunState.PLANNING, kind)

    assert run.after_plan(CHANGED, automatic=True) is Next.FINISH
    with pytest.raises(RunTransitionError):
        run.enter(RunState.APPLYING, at=NOON)


def test_a_test_of_a_module_applies_whatever_it_planned_and_destroys_it() -> None:
    run = a_run(RunState.PLANNING, RunType.TESTING)

    assert not run.type.blocking
    assert run.after_plan(CHANGED, automatic=False) is Next.APPLY
    run.enter(RunState.APPLYING, at=NOON)
    run.enter(RunState.DESTROYING, at=NOON)
    assert run.end(RunState.FINISHED, at=NOON).terminal


def test_what_a_stack_has_applied_is_not_destroyed_in_the_same_run() -> None:
    run = a_run(RunState.APPLYING, RunType.TRACKED)

    with pytest.raises(RunTransitionError, match="cannot destroy"):
        run.enter(RunState.DESTROYING, at=NOON)


@pytest.mark.parametrize(
    ("plan", "automatic", "following"),
    [
        (UNCHANGED, True, Next.FINISH),
        (UNCHANGED, False, Next.FINISH),
        (CHANGED, True, Next.APPLY),
        (CHANGED, False, Next.ARCHIVE),
    ],
)
def test_a_plan_leads_to_the_end_an_apply_or_a_question(
    plan: Planned,
    automatic: bool,  # noqa: FBT001 - a row of the table above
    following: Next,
) -> None:
    assert a_run(RunState.PLANNING).after_plan(plan, automatic=automatic) is following


def test_a_changed_output_is_a_change() -> None:
    plan = Planned(add=0, change=0, delete=0, resources=0, outputs_changed=True)

    run = a_run(RunState.PLANNING)

    assert run.after_plan(plan, automatic=False) is Next.ARCHIVE


def test_a_stop_that_was_asked_for_stops_even_a_finished_plan() -> None:
    run = a_run(RunState.PLANNING)
    run.request_stop(note="wrong branch")

    assert run.after_plan(CHANGED, automatic=True) is Next.STOP
    assert run.end(RunState.STOPPED, at=NOON).note == "wrong branch"


@pytest.mark.parametrize(
    "state",
    [RunState.APPLYING, RunState.PERFORMING, RunState.DESTROYING, RunState.CONFIRMED],
)
def test_what_changes_infrastructure_cannot_be_stopped(state: RunState) -> None:
    with pytest.raises(RunTransitionError):
        a_run(state).request_stop(note=None)


VERBS: dict[str, tuple[Callable[[Run], object], set[RunState]]] = {
    "confirm": (lambda run: run.confirm(by="ada", at=NOON), {RunState.UNCONFIRMED}),
    "discard": (
        lambda run: run.discard(by="ada", at=NOON),
        {
            RunState.QUEUED,
            RunState.READY,
            RunState.UNCONFIRMED,
            RunState.REPLAN_REQUESTED,
        },
    ),
    "replan": (
        lambda run: run.request_replan(["a.b"], by="ada", at=NOON),
        {RunState.UNCONFIRMED},
    ),
    "cancel": (
        lambda run: run.cancel(by="ada", at=NOON),
        {RunState.QUEUED, RunState.READY},
    ),
    "assign": (
        lambda run: run.assign(at=NOON),
        {RunState.READY, RunState.REPLAN_REQUESTED, RunState.CONFIRMED},
    ),
    "unassign": (
        lambda run: run.unassign(at=NOON),
        {RunState.PREPARING, RunState.PREPARING_REPLAN, RunState.PREPARING_APPLY},
    ),
    "make_ready": (
        lambda run: run.make_ready(pool_id=POOL, at=NOON),
        {RunState.QUEUED},
    ),
}


@pytest.mark.parametrize("state", list(RunState))
@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_leaves_only_the_states_it_names(verb: str, state: RunState) -> None:
    do, places = VERBS[verb]
    run = a_run(state)
    run.changes = msgspec.to_builtins(CHANGED.changes)

    if state in places:
        do(run)
        assert run.state is not state
    else:
        with pytest.raises(RunTransitionError):
            do(run)
        assert run.state is state


def a_plan(*addresses: str) -> Run:
    run = a_run(RunState.UNCONFIRMED)
    run.changes = [
        {"address": one, "type": "a", "actions": ["create"]} for one in addresses
    ]
    return run


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("a.b", "a.b"),
        ("a.b[0]", "a.b[0]"),
        ('a.b["x"]', "a.b"),
        ("module.m.a.b", "module.m"),
        ('module.m["x"].a.b', "module.m"),
        ('module.m["x"].a.b', 'module.m["x"]'),
    ],
)
def test_a_target_is_a_change_or_what_holds_it(address: str, target: str) -> None:
    run = a_plan(address)

    run.request_replan([target, target], by="ada", at=NOON)

    assert (run.state, run.targets) == (RunState.REPLAN_REQUESTED, [target])


@pytest.mark.parametrize("target", ["", "a", "a.bc", "a.b[1]", "module.mo", "-x"])
def test_what_the_plan_does_not_change_is_no_target(target: str) -> None:
    run = a_plan("a.b[0]", "module.m.a.b")

    with pytest.raises(TargetUnknownError, match="changes nothing at"):
        run.request_replan(["a.b[0]", target], by="ada", at=NOON)
    assert run.state is RunState.UNCONFIRMED


def test_a_targeted_plan_needs_a_target() -> None:
    with pytest.raises(TargetsMissingError):
        a_plan("a.b").request_replan([], by="ada", at=NOON)


def test_a_targeted_plan_is_never_applied_without_a_person() -> None:
    run = a_plan("a.b")
    run.request_replan(["a.b"], by="ada", at=NOON)
    leg = LegKind.REPLAN
    assert run.leg_kind is leg
    run.assign(at=NOON)
    assert (run.state, run.leg_kind) == (RunState.PREPARING_REPLAN, leg)
    run.enter(RunState.PLANNING, at=NOON)

    assert run.after_plan(CHANGED, automatic=True) is Next.ARCHIVE


def test_a_workspace_that_is_gone_cannot_be_planned_anew() -> None:
    run = a_plan("a.b")

    with pytest.raises(WorkspaceExpiredError):
        run.request_replan(["a.b"], by="ada", at=NOON + timedelta(days=8))


@pytest.mark.parametrize("state", [state for state in RunState if state.is_final])
def test_what_is_over_is_not_moved_up(state: RunState) -> None:
    with pytest.raises(RunTransitionError):
        a_run(state).set_priority(on=True)


@pytest.mark.parametrize("state", list(RunState))
def test_people_review_what_waits_for_them(state: RunState) -> None:
    run = a_run(state)

    def given() -> RunReview:
        return review(run, Decision.REJECT, note="", by=ADA, at=NOON)

    if state in {RunState.QUEUED, RunState.UNCONFIRMED}:
        made = given()
        assert (made.state, made.state_version) == (state, run.state_version)
        assert (made.username, made.note) == ("Ada", None)
    else:
        with pytest.raises(RunTransitionError, match="cannot be reviewed"):
            given()


@pytest.mark.parametrize("state", [state for state in RunState if state.is_final])
def test_nothing_leaves_a_final_state(state: RunState) -> None:
    run = a_run(state)

    with pytest.raises(RunTransitionError):
        run.fail("no", at=NOON)
    with pytest.raises(RunTransitionError):
        run.end(RunState.FAILED, at=NOON)
    for target in RunState:
        with pytest.raises(RunTransitionError):
            run.enter(target, at=NOON)


def test_a_plan_older_than_its_workspace_cannot_be_confirmed() -> None:
    run = a_run(RunState.UNCONFIRMED)

    with pytest.raises(WorkspaceExpiredError):
        run.confirm(by="ada", at=NOON + timedelta(days=8))


def test_an_undone_apply_waits_for_the_next_worker_still_confirmed() -> None:
    run = a_run(RunState.CONFIRMED)
    run.assign(at=NOON)

    run.unassign(at=NOON)

    assert run.state is RunState.CONFIRMED


@pytest.mark.parametrize(
    ("kind", "state", "leg_kind"),
    [
        (RunType.TRACKED, RunState.PREPARING, LegKind.PLAN),
        (RunType.TRACKED, RunState.PREPARING_APPLY, LegKind.APPLY),
        (RunType.PROPOSED, RunState.PREPARING, LegKind.PLAN),
        (RunType.TASK, RunState.PREPARING, LegKind.TASK),
        (RunType.DESTROY, RunState.PREPARING, LegKind.DESTROY),
        (RunType.TESTING, RunState.PREPARING, LegKind.TEST),
    ],
)
def test_a_leg_is_for_what_the_run_needs_next(
    kind: RunType, state: RunState, leg_kind: LegKind
) -> None:
    run = a_run(state, kind)
    run.pool_id = POOL

    leg = Leg.claim(run, leg_id=LegId("l"), worker_id=WorkerId("w"), at=NOON)

    assert leg.kind is leg_kind


def test_a_worker_ends_a_run_in_no_way_that_is_for_people_or_for_us() -> None:
    for state in (RunState.CONFIRMED, RunState.DISCARDED, RunState.QUEUED):
        with pytest.raises(RunTransitionError):
            a_run(RunState.PLANNING).end(state, at=NOON)
