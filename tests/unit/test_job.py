"""What a cloud is told that a leg may do there."""

import pytest

from stackyard.kernel.clock import system_clock
from stackyard.kernel.ids import LegId, PoolId, StackId, WorkerId
from stackyard.runs import Leg, RunState, RunType, queue_run
from stackyard.runs.job import scope_of
from stackyard.stacks import Stack


@pytest.mark.parametrize(
    ("kind", "autodeploy", "state", "expected"),
    [
        (RunType.PROPOSED, False, RunState.PREPARING, "read"),
        (RunType.PROPOSED, True, RunState.PREPARING, "read"),
        (RunType.TRACKED, False, RunState.PREPARING, "read"),
        (RunType.TRACKED, True, RunState.PREPARING, "write"),
        (RunType.TRACKED, False, RunState.PREPARING_APPLY, "write"),
        (RunType.TASK, False, RunState.PREPARING, "write"),
        (RunType.DESTROY, False, RunState.PREPARING, "write"),
    ],
)
def test_only_what_may_change_things_is_told_to_write(
    kind: RunType, *, autodeploy: bool, state: RunState, expected: str
) -> None:
    at = system_clock()
    run, _ = queue_run(stack_id=StackId("net"), type=kind, branch="main", at=at)
    run.state, run.pool_id = state, PoolId("pool")
    leg = Leg.claim(run, leg_id=LegId("leg"), worker_id=WorkerId("worker"), at=at)
    stack = Stack(id=StackId("net"), autodeploy=autodeploy)

    assert scope_of(run, leg, stack) == expected
