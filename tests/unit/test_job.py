"""What a leg is told: what it may do in a cloud, and by which names it finds us."""

import pytest

from stackyard.kernel.clock import system_clock
from stackyard.kernel.ids import ROOT, LegId, PoolId, StackId, WorkerId
from stackyard.runs import Leg, RunState, RunType, queue_run
from stackyard.runs.job import Grants, environment, scope_of
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


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://stacks.acme-corp.example", "TF_TOKEN_stacks_acme__corp_example"),
        ("http://127.0.0.1:8000", None),  # Terraform has no name for a port
    ],
)
def test_terraform_is_told_by_which_token_a_run_loads_from_our_registry(
    url: str, name: str | None
) -> None:
    at = system_clock()
    run, _ = queue_run(
        stack_id=StackId("net"), type=RunType.TRACKED, branch="main", at=at
    )
    stack = Stack(
        id=StackId("net"), space_id=ROOT, branch="main", repository="r", labels=[]
    )
    grants = Grants(url, "acme", "leg", "token", "oidc")

    given = {one.name: one for one in environment(run, stack, [], grants)}

    told = [one for one in given if one.startswith("TF_TOKEN_")]
    assert told == ([name] if name else [])
    assert all(given[one].value == "token" and given[one].secret for one in told)
