"""How a stack goes over from Terraform to Terragrunt, and back."""

from datetime import UTC, datetime

import pytest
from tests.support.stacks import a_spec

from stackyard.kernel.ids import ROOT, StackId
from stackyard.stacks import MigratedTo, ReleasedTool, Stack, VendorMigration, released
from stackyard.stacks.model.vendors import (
    Ansible,
    Kubernetes,
    OpenTofu,
    Terraform,
    TerraformTool,
    Terragrunt,
    TerragruntTool,
    Vendor,
)

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
OVER = VendorMigration(MigratedTo.TERRAGRUNT, ("terragrunt", "x"), "0.55.15")
BACK = VendorMigration(MigratedTo.TERRAFORM)


def a_stack(vendor: Vendor, *, manages_state: bool = True) -> Stack:
    return Stack.create(
        StackId("net"),
        a_spec(vendor=vendor, labels=("old",)),
        space_id=ROOT,
        manages_state=manages_state,
        at=NOON,
    )


@pytest.mark.parametrize("tool", TerraformTool)
@pytest.mark.parametrize("managed", [True, False])
def test_what_both_tools_have_goes_over_and_comes_back(
    tool: TerraformTool, *, managed: bool
) -> None:
    version = {"OPEN_TOFU": "1.6.2", "TERRAFORM_FOSS": "1.5.7", "CUSTOM": None}[tool]
    before = Terraform(version=version, workflow_tool=tool, use_smart_sanitization=True)
    stack = a_stack(before, manages_state=managed)

    assert stack.migrate(OVER, at=NOON) == []
    over = stack.vendor
    assert isinstance(over, Terragrunt)
    assert over.terragrunt_version == "0.55.15"
    assert over.terraform_version == version
    assert over.use_state_management is managed
    assert stack.labels == ["terragrunt", "x"]

    assert stack.migrate(BACK, at=NOON) == []
    assert (stack.vendor, stack.manages_state) == (before, managed)
    assert stack.labels == ["terragrunt", "x"]


def test_going_over_twice_is_going_over_once() -> None:
    stack = a_stack(Terraform())
    stack.migrate(OVER, at=NOON)
    over = stack.vendor

    assert stack.migrate(OVER, at=NOON) == []
    assert stack.vendor == over


def test_terragrunt_needs_its_label() -> None:
    stack = a_stack(Terraform())

    [said] = stack.migrate(VendorMigration(MigratedTo.TERRAGRUNT), at=NOON)

    assert 'the label "terragrunt"' in said
    assert stack.vendor == Terraform()


@pytest.mark.parametrize("vendor", [Ansible(playbook="x"), OpenTofu(), Kubernetes()])
def test_no_other_tool_goes_over(vendor: Vendor) -> None:
    stack = a_stack(vendor)
    before = stack.vendor

    assert "only Terraform and Terragrunt" in stack.migrate(OVER, at=NOON)[0]
    assert stack.vendor == before


def test_a_version_that_terragrunt_cannot_have_is_refused() -> None:
    stack = a_stack(Terraform())
    wrong = VendorMigration(MigratedTo.TERRAGRUNT, ("terragrunt",), "one")

    assert "improper constraint" in stack.migrate(wrong, at=NOON)[0]
    assert stack.vendor == Terraform()


@pytest.mark.parametrize(
    ("tool", "newest"),
    [
        (TerragruntTool.OPEN_TOFU, released(ReleasedTool.OPENTOFU)[0]),
        (TerragruntTool.TERRAFORM_FOSS, "1.5.7"),
        (TerragruntTool.MANUALLY_PROVISIONED, None),
    ],
)
def test_terragrunt_without_versions_has_the_newest(
    tool: TerragruntTool, newest: str | None
) -> None:
    settled = a_stack(Terragrunt(tool=tool)).vendor

    assert isinstance(settled, Terragrunt)
    assert settled.terraform_version == newest
    assert settled.terragrunt_version == released(ReleasedTool.TERRAGRUNT)[0]


def test_kubernetes_without_a_version_has_the_newest() -> None:
    settled = a_stack(Kubernetes()).vendor

    assert settled == Kubernetes(kubectl_version=released(ReleasedTool.KUBECTL)[0])
