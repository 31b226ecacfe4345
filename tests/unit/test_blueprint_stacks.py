"""The stacks of a body in which everything is filled in; a deployment's state."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from stackyard.blueprints import DeployedStack, Deployment, Showing
from stackyard.blueprints.model.chain import chain_problems
from stackyard.blueprints.model.occasion import Occasion
from stackyard.blueprints.model.plan import StackPlan, plan_of, plan_problems
from stackyard.blueprints.model.progress import (
    DeploymentState,
    StackProgress,
    state_of,
)
from stackyard.blueprints.model.rendering import hidden
from stackyard.clouds import AwsIntegration, AzureIntegration, Use
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import StackId
from stackyard.runs import RunState
from stackyard.stacks import (
    DeleteStack,
    DetectDrift,
    PerformTask,
    Provider,
    ReferenceSpec,
    Stack,
    Terraform,
    Timing,
)
from stackyard.stacks.model.vendors import (
    Ansible,
    CloudFormation,
    Kubernetes,
    Pulumi,
    Terragrunt,
    TerragruntTool,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def a_plan(of_all: dict[str, Any] | None = None, /, **given: Any) -> StackPlan:
    vcs = {"branch": "main", "provider": "GITHUB", "repository": "infra"}
    usual = {"name": "App", "vcs": vcs, "vendor": {"ansible": {"playbook": "x"}}}
    return plan_of("stack", usual | given, of_all or {})


@pytest.mark.parametrize(
    ("said", "vendor"),
    [
        ({"terraform": {"manage_state": True, "version": "1"}}, Terraform(version="1")),
        (
            {"terragrunt": {"terragrunt_tool": "OPEN_TOFU", "use_run_all": True}},
            Terragrunt(tool=TerragruntTool.OPEN_TOFU, use_run_all=True),
        ),
        ({"ansible": {"playbook": "x"}}, Ansible(playbook="x")),
        ({"kubernetes": {"namespace": ""}}, Kubernetes()),
        (
            {"pulumi": {"login_url": "u", "stack_name": "s"}},
            Pulumi(login_url="u", stack_name="s"),
        ),
        (
            {
                "cloudformation": {
                    "region": "r",
                    "stack_name": "s",
                    "entry_template_file": "f",
                    "template_bucket": "b",
                }
            },
            CloudFormation(
                region="r", stack_name="s", entry_template_file="f", template_bucket="b"
            ),
        ),
    ],
)
def test_each_vendor_is_made_with_its_settings(
    said: dict[str, Any], vendor: Any
) -> None:
    assert a_plan(vendor=said).spec.vendor == vendor


def test_state_is_managed_unless_the_body_says_no() -> None:
    assert a_plan().manage_state
    assert not a_plan(vendor={"terraform": {"manage_state": False}}).manage_state


def test_a_raw_repository_is_known_by_its_url() -> None:
    url = "https://git.example/team/infra.git"
    vcs = {"branch": "main", "provider": "RAW_GIT", "repository_url": url}
    spec = a_plan(vcs=vcs).spec
    assert (spec.provider, spec.repository_url) == (Provider.GIT, url)
    assert (spec.namespace, spec.repository) == ("team", "infra")


@pytest.mark.parametrize(
    ("reference", "commit", "refused"),
    [
        ({"type": "branch", "value": "main"}, None, False),
        ({"type": "sha", "value": "c0ffee1"}, "c0ffee1", False),
        ({"type": "tag", "value": "v1"}, None, True),
    ],
)
def test_a_template_follows_a_branch_or_stays_at_a_commit(
    reference: dict[str, str], commit: str | None, *, refused: bool
) -> None:
    vcs = {"reference": reference, "provider": "GITHUB", "repository": "infra"}
    plan = a_plan(vcs=vcs)
    found = plan.commit and plan.commit.hash
    assert (plan.spec.branch, found) == (reference["value"], commit)
    assert bool(plan_problems([plan])) is refused


def test_flags_have_two_spellings() -> None:
    for spelling in ("auto_deploy", "autodeploy"):
        said: dict[str, Any] = {spelling: True}
        assert a_plan(**said).spec.autodeploy
    assert not a_plan(allow_promotion=False).spec.github_action_deploy


def test_a_stack_comes_into_clouds_and_does_things_by_itself() -> None:
    both = {"id": "x", "read": True, "write": False}
    plan = a_plan(
        attachments={"clouds": {"aws": both, "azure": both | {"subscription_id": "s"}}},
        schedules={
            "drift": {"cron": ["0 1 * * *"], "reconcile": True, "timezone": "CET"},
            "tasks": [{"command": "ls", "timestamp_unix": 1_800_000_000}],
            "delete": {"timestamp_unix": 1_800_000_000, "delete_resources": True},
        },
    )
    aws, azure = plan.clouds
    assert (aws.kind, aws.use) == (AwsIntegration, Use(read=True, write=False))
    assert (azure.kind, azure.use.subscription_id) == (AzureIntegration, "s")
    at = datetime.fromtimestamp(1_800_000_000, UTC)
    assert plan.schedules == (
        (DetectDrift(reconcile=True), Timing(("0 1 * * *",), timezone="CET")),
        (PerformTask(command="ls"), Timing(at=at)),
        (DeleteStack(destroy_resources=True), Timing(at=at)),
    )


def test_a_stack_depends_on_another_once_however_it_says_so() -> None:
    handed = {"name": "VPC", "from_stack": "net", "output": "vpc"}
    plan = a_plan(
        depends_on=["net", "dns"],
        environment={"stack_dependency_references": [handed]},
    )
    assert plan.depends_on == ("net", "dns")
    assert plan.references == (("net", ReferenceSpec("vpc", "VPC")),)
    assert plan_problems([plan]) == [
        "stack: depends on net, which is not to be made",
        "stack: depends on dns, which is not to be made",
    ]


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ({"a": ["b"], "b": []}, []),
        ({"a": ["c"]}, ["a: depends on c, which is no key of a stack here"]),
        ({"a": ["a"]}, ["stacks: depend on one another: a on a"]),
        ({"a": ["b"], "b": ["a"]}, ["stacks: depend on one another: a on b on a"]),
    ],
)
def test_stacks_depend_on_others_of_the_body_in_no_circle(
    wanted: dict[str, list[str]], problem: list[str]
) -> None:
    stacks = [(key, {"key": key, "depends_on": on}) for key, on in wanted.items()]
    assert list(chain_problems(stacks)) == problem


def test_what_a_stack_says_of_its_options_wins() -> None:
    plan = a_plan({"trigger_run": True}, options={"do_not_create": True})
    assert (plan.run, plan.create) == (True, False)
    assert not a_plan({"trigger_run": True}, options={"trigger_run": False}).run


def test_files_become_base64_and_secrets_write_only() -> None:
    environment = {
        "variables": [{"name": "A", "value": "x", "secret": True}],
        "mounted_files": [{"path": "b", "content": "é", "description": "d"}],
    }
    variable, file = a_plan(environment=environment).config
    assert (variable.value, variable.write_only) == ("x", True)
    assert (base64.b64decode(file.value).decode(), file.write_only) == ("é", False)


@pytest.mark.parametrize(
    ("runs", "state"),
    [
        ([None], "NONE"),
        (["QUEUED", "FINISHED"], "IN_PROGRESS"),
        (["PLANNING", "FAILED"], "IN_PROGRESS"),
        (["UNCONFIRMED", "PLANNING"], "UNCONFIRMED"),
        (["FINISHED", "FAILED"], "FAILED"),
        (["STOPPED"], "FAILED"),
        (["FINISHED", "FINISHED"], "FINISHED"),
        (["FINISHED", "SKIPPED"], "FINISHED"),
    ],
)
def test_the_state_of_a_deployment_sums_up_its_runs(
    runs: list[str | None], state: str
) -> None:
    found = [StackProgress(run=None if one is None else RunState(one)) for one in runs]
    assert state_of(found, leaving=False) is DeploymentState(state)


def test_a_deployment_goes_as_long_as_one_of_its_stacks_does() -> None:
    waits, kept = StackProgress(), StackProgress(going=True)
    gone = StackProgress(going=True, deleting=True)
    for stacks in ([gone, waits], [gone, kept], [waits], []):
        assert state_of(stacks, leaving=True) is DeploymentState.DESTROYING
    assert state_of([kept, waits], leaving=True) is DeploymentState.FAILED


def test_chance_is_the_same_for_the_same_seed_only() -> None:
    def values(seed: str) -> dict[str, Any]:
        return Occasion(
            by=SYSTEM, account="acme", at=NOW, seed=seed, about="deployment"
        ).values()

    one, same, other = values("a"), values("a"), values("b")
    assert one == same
    for name in ("random_string", "random_number", "random_uuid"):
        assert one[name] != other[name]
    assert len(one["random_string"]) == 6
    assert 0 <= one["random_number"] <= 1_000_000


def test_problems_do_not_quote_secrets() -> None:
    found = hidden(['no "a\\"b" here', "nor abc, but a"], ['a"b', "abc", "a"])
    assert found == ['no "***" here', "nor ***, but a"]


class NoRuns:
    """The runs of stacks of which none has had any."""

    async def newest(self, ids: Any, *, by: Any) -> dict[str, Any]:
        return {}

    async def some(self, ids: Any, *, by: Any) -> list[Any]:
        return []


class Remains:
    """Two stacks of a deployment, of which one goes between two queries."""

    async def stacks_of(self, _deployment: Any) -> list[DeployedStack]:
        return [DeployedStack(key=one, stack_id=one, going=False) for one in "ab"]

    async def some(self, _ids: Any, *, by: Any) -> dict[str, Any]:
        return {"a": Stack(id=StackId("a"), deletion_requested_at=NOW)}

    async def inputs_of(self, _deployment: Any) -> list[Any]:
        return []


async def test_a_stack_that_is_gone_a_moment_later_is_not_shown() -> None:
    remains: Any = Remains()
    runs: Any = NoRuns()
    deployment = Deployment(deletion_requested_at=NOW)
    shown = await Showing(remains, remains, runs).shown(deployment, by=SYSTEM)
    assert [stack.id for stack in shown.stacks] == ["a"]
    assert shown.state is DeploymentState.DESTROYING
