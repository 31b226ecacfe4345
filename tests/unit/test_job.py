"""What a leg is told: what it may do in a cloud, and by which names it finds us."""

import pytest
from tests.support.stacks import a_spec

from stackyard.kernel.clock import system_clock
from stackyard.kernel.config import ConfigValue
from stackyard.kernel.ids import ROOT, LegId, PoolId, StackId, WorkerId
from stackyard.runs import Leg, RunState, RunType, queue_run
from stackyard.runs.job import Grants, build_job, environment, scope_of
from stackyard.stacks import Configuration, Stack
from stackyard_protocol.job import Archive, LegKind


@pytest.mark.parametrize(
    ("kind", "autodeploy", "state", "expected"),
    [
        (RunType.PROPOSED, False, RunState.PREPARING, "read"),
        (RunType.PROPOSED, True, RunState.PREPARING, "read"),
        (RunType.TRACKED, False, RunState.PREPARING, "read"),
        (RunType.TRACKED, True, RunState.PREPARING, "write"),
        (RunType.TRACKED, False, RunState.PREPARING_REPLAN, "read"),
        (RunType.TRACKED, False, RunState.PREPARING_APPLY, "write"),
        (RunType.TASK, False, RunState.PREPARING, "write"),
        (RunType.TESTING, False, RunState.PREPARING, "write"),
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
    run.force_apply = True
    confirmed = "read" if kind is RunType.PROPOSED else "write"
    if state is RunState.PREPARING:
        assert scope_of(run, leg, stack) == confirmed


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


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(LegKind.PLAN, []), (LegKind.REPLAN, ["a.b"]), (LegKind.APPLY, [])],
)
def test_only_a_leg_that_plans_anew_is_told_of_targets(
    kind: LegKind, expected: list[str]
) -> None:
    at = system_clock()
    run, _ = queue_run(
        stack_id=StackId("net"), type=RunType.TRACKED, branch="main", at=at
    )
    run.targets, run.pool_id = ["a.b"], PoolId("pool")
    leg = Leg.claim(run, leg_id=LegId("leg"), worker_id=WorkerId("worker"), at=at)
    leg.kind = kind
    stack = Stack.create(
        StackId("net"), a_spec(), space_id=ROOT, manages_state=True, at=at
    )

    job = build_job(
        run=run,
        leg=leg,
        stack=stack,
        config=Configuration([], {}),
        source=Archive("http://x", "0"),
        workspace=None,
        grants=Grants("http://x", "acme", "leg", "run", "oidc"),
    )

    assert job.targets == expected


def test_variables_of_a_preview_win_and_stay_as_secret_as_those_they_replace() -> None:
    at = system_clock()
    run, _ = queue_run(
        stack_id=StackId("net"), type=RunType.PROPOSED, branch="main", at=at
    )
    run.pool_id = PoolId("pool")
    leg = Leg.claim(run, leg_id=LegId("leg"), worker_id=WorkerId("worker"), at=at)
    stack = Stack.create(
        StackId("net"), a_spec(), space_id=ROOT, manages_state=True, at=at
    )
    own = [
        ConfigValue("TOKEN", "old", secret=True, is_file=False),
        ConfigValue("REGION", "north", secret=False, is_file=False),
    ]
    overrides = {
        "TOKEN": "new",
        "REGION": "south",
        "TF_CLI_ARGS_plan": "-target=a.b",
        "TF_VAR_spacelift_stack_id": "mine",
    }

    job = build_job(
        run=run,
        leg=leg,
        stack=stack,
        config=Configuration(own, {}),
        overrides=overrides,
        source=Archive("http://x", "0"),
        workspace=None,
        grants=Grants("http://x", "acme", "leg", "run", "oidc"),
    )

    given = {one.name: one for one in job.environment}
    assert len(given) == len(job.environment)
    assert {name: given[name].value for name in overrides} == overrides
    assert [name for name in overrides if given[name].secret] == ["TOKEN"]


def test_a_run_is_given_every_variable_that_code_knows_from_the_platform() -> None:
    """Those of a state and of a place are the worker's: it alone knows them."""
    at = system_clock()
    run, _ = queue_run(
        stack_id=StackId("net"), type=RunType.TRACKED, branch="main", at=at
    )
    stack = Stack(
        id=StackId("net"),
        space_id=ROOT,
        branch="main",
        repository="r",
        labels=["b", "a"],
    )
    grants = Grants("https://s.example", "acme", "leg", "token", "oidc")

    given = {one.name: one for one in environment(run, stack, [], grants)}

    prefix = "TF_VAR_spacelift_"
    named = {one.removeprefix(prefix) for one in given if one.startswith(prefix)}
    assert named == {
        *("account_name", "commit_branch", "commit_sha", "graphql_endpoint"),
        *("local_preview", "project_root", "repository", "run_id", "run_trigger"),
        *("run_type", "space_id", "stack_branch", "stack_id", "stack_labels"),
        "stack_labels_list",
    }
    assert given[f"{prefix}graphql_endpoint"].value == "https://s.example/graphql"
    assert given[f"{prefix}run_id"].value == run.id
    assert given[f"{prefix}stack_labels"].value == "b,a"
    assert given[f"{prefix}stack_labels_list"].value == '["b", "a"]'
    token = given["SPACELIFT_API_TOKEN"]
    assert (token.value, token.secret) == ("token", True)
