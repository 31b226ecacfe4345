"""Which runs a run brings with it, and when it is their turn."""

from datetime import UTC, datetime, timedelta

import pytest

from stackyard.kernel.ids import DependencyId, ReferenceId, StackId
from stackyard.runs import Run, RunState, RunType, queue_run
from stackyard.runs.chain import Turn, decide, stacks_below, variable_of
from stackyard.runs.errors import RunTransitionError
from stackyard.stacks import DependencyReference

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
NET, LEFT, RIGHT, APP = (StackId(one) for one in ("net", "left", "right", "app"))
DIAMOND = [(LEFT, NET), (RIGHT, NET), (APP, LEFT), (APP, RIGHT)]


def a_run(stack: StackId, state: RunState, *changed: str) -> Run:
    run, _ = queue_run(stack_id=stack, type=RunType.TRACKED, branch="main", at=NOON)
    run.state, run.changed_outputs = state, list(changed) or None
    return run


def a_reference(output: str, *, always: bool = False) -> DependencyReference:
    return DependencyReference(
        id=ReferenceId("r"),
        dependency_id=DependencyId("d"),
        output_name=output,
        input_name="X",
        trigger_always=always,
        created_at=NOON,
    )


def test_each_stack_below_is_there_once() -> None:
    assert stacks_below(NET, DIAMOND, {LEFT, RIGHT, APP}) == [
        LEFT,
        RIGHT,
        APP,
    ]


def test_what_may_not_run_cuts_off_what_is_only_below_it() -> None:
    assert stacks_below(NET, DIAMOND, {RIGHT, APP}) == [RIGHT, APP]
    assert stacks_below(NET, DIAMOND, {APP}) == []


@pytest.mark.parametrize(
    ("states", "turn"),
    [
        ([], Turn.GO),
        (["FINISHED"], Turn.GO),
        (["FINISHED", "UNCONFIRMED"], Turn.WAIT),
        (["FAILED", "PLANNING"], Turn.SKIP),
        (["DISCARDED"], Turn.SKIP),
        (["CANCELED"], Turn.SKIP),
        (["STOPPED"], Turn.SKIP),
        (["SKIPPED", "FINISHED"], Turn.GO),
        (["SKIPPED"], Turn.SKIP),
    ],
)
def test_a_run_waits_for_all_and_one_that_went_wrong_skips_it(
    states: list[str], turn: Turn
) -> None:
    runs = [a_run(NET, RunState(state)) for state in states]
    assert decide(runs, runs, {}, since=NOON).turn is turn


def test_what_went_wrong_farther_above_skips_it_too() -> None:
    skipped, failed = a_run(LEFT, RunState.SKIPPED), a_run(NET, RunState.FAILED)
    finished = a_run(RIGHT, RunState.FINISHED)
    decision = decide([skipped, finished], [skipped, finished, failed], {}, since=NOON)
    assert (decision.turn, failed.id in decision.note) == (Turn.SKIP, True)


@pytest.mark.parametrize(
    ("reference", "since", "turn"),
    [
        (a_reference("ip"), NOON, Turn.GO),
        (a_reference("port"), NOON, Turn.SKIP),
        (a_reference("port", always=True), NOON, Turn.GO),
        (a_reference("port"), NOON - timedelta(1), Turn.GO),  # the reference is new
        (a_reference("port"), None, Turn.GO),
    ],
)
def test_a_reference_calls_if_it_or_its_output_is_new_or_it_always_does(
    reference: DependencyReference, since: datetime | None, turn: Turn
) -> None:
    above = [a_run(NET, RunState.FINISHED, "ip")]
    assert decide(above, above, {NET: [reference]}, since=since).turn is turn


def test_only_what_waits_before_the_gate_is_skipped() -> None:
    with pytest.raises(RunTransitionError):
        a_run(NET, RunState.READY).skip("x", at=NOON)


@pytest.mark.parametrize(
    ("output", "variable"),
    [('"a\\nb"', "a\nb"), ("1.50", "1.50"), ('["a"]', '["a"]'), ("true", "true")],
)
def test_a_text_is_handed_on_as_it_is_and_everything_else_as_json(
    output: str, variable: str
) -> None:
    assert variable_of(output) == variable
