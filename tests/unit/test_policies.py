"""What a policy may be, and by which names."""

from typing import Any

import pytest

from stackyard.kernel.clock import system_clock
from stackyard.kernel.ids import LEGACY, ROOT
from stackyard.policies import Policy, PolicyProblemsError, PolicySpec, PolicyType

BODY = "package spacelift"


def a_policy(kind: PolicyType = PolicyType.PLAN, **given: Any) -> Policy:
    spec = PolicySpec(**({"name": "Net", "body": BODY} | given))
    return Policy.create(spec, kind, at=system_clock())


def test_only_login_policies_are_usually_in_root_and_never_attached() -> None:
    for kind in PolicyType:
        policy, login = a_policy(kind), kind is PolicyType.LOGIN
        assert policy.space_id == (ROOT if login else LEGACY)
        assert policy.is_attachable is not login


def test_former_names_of_types_are_understood() -> None:
    assert PolicyType.named("TERRAFORM_PLAN") is PolicyType.PLAN
    assert PolicyType.named("TASK_RUN") is PolicyType.TASK
    assert PolicyType.named("STACK_ACCESS") is PolicyType.ACCESS
    assert all(PolicyType.named(kind) is kind for kind in PolicyType)


def test_a_change_leaves_slug_and_space_alone_unless_it_names_a_space() -> None:
    policy = a_policy(space_id=ROOT)
    policy.change(PolicySpec(name="Other", body=BODY), at=system_clock())
    assert (policy.id, policy.name, policy.space_id) == ("net", "Other", ROOT)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "***"},
        {"name": "x" * 257},
        {"name": "x\0"},
        {"body": "x\0"},
        {"body": "\n"},
        {"body": "x" * (2**18 + 1)},
        {"labels": ("a", "a")},
        {"labels": (" ",)},
    ],
)
def test_what_no_policy_can_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(PolicyProblemsError):
        a_policy(**wrong)
