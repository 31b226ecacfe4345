"""The tools a stack may be written for, each with its own settings.

Every vendor's settings are checked and kept truly; which of them a worker can run is
the worker's business (`Stack.tool_name` names the two it can today).
"""

import re
from enum import StrEnum
from typing import Any, ClassVar, Final, Literal, Self, TypeAlias

import msgspec
from msgspec import Struct

from stackyard.stacks.model.releases import ReleasedTool, released
from stackyard.stacks.model.versions import (
    FREE_TERRAFORM,
    OPENTOFU,
    constraint_problem,
)


class TerraformTool(StrEnum):
    OPEN_TOFU = "OPEN_TOFU"
    TERRAFORM_FOSS = "TERRAFORM_FOSS"
    CUSTOM = "CUSTOM"


class OpenTofuTool(StrEnum):
    OPENTOFU = "OPENTOFU"
    CUSTOM = "CUSTOM"


class KubernetesTool(StrEnum):
    KUBERNETES = "KUBERNETES"
    CUSTOM = "CUSTOM"


class TerragruntTool(StrEnum):
    OPEN_TOFU = "OPEN_TOFU"
    TERRAFORM_FOSS = "TERRAFORM_FOSS"
    MANUALLY_PROVISIONED = "MANUALLY_PROVISIONED"


class _Vendor(Struct, frozen=True, tag_field="vendor", kw_only=True):
    prefix: ClassVar[str]

    def problems(self, *, manages_state: bool) -> list[str]:
        """Return what is wrong, each line begun with the vendor's name."""
        del manages_state
        return []

    def settled(self) -> Self:
        """Return it with a version for every tool that clients expect to have one."""
        return self

    def _missing(self, *names: str) -> list[str]:
        return [
            f"{self.prefix}: {name} must not be empty"
            for name in names
            if not getattr(self, _snake(name)).strip()
        ]


def _external_state(vendor: str, *, wanted: bool, managed: bool) -> list[str]:
    if wanted and not managed:
        return [f"{vendor}: external state access needs managed state"]
    return []


def _said(vendor: str, problem: str | None) -> list[str]:
    return [f"{vendor}: {problem}"] if problem else []


class Terraform(_Vendor, frozen=True, tag="Terraform"):
    prefix: ClassVar[str] = "terraform"
    version: str | None = None
    workspace: str | None = None
    workflow_tool: TerraformTool = TerraformTool.TERRAFORM_FOSS
    use_smart_sanitization: bool = False
    external_state_access_enabled: bool = False

    def problems(self, *, manages_state: bool) -> list[str]:
        tool = self.workflow_tool
        return _said("terraform", _tool_problem(tool, self.version)) + _external_state(
            "terraform",
            wanted=self.external_state_access_enabled,
            managed=manages_state,
        )


class OpenTofu(_Vendor, frozen=True, tag="OpenTofu"):
    prefix: ClassVar[str] = "opentofu"
    version: str | None = None
    workspace: str | None = None
    workflow_tool: OpenTofuTool = OpenTofuTool.OPENTOFU
    use_smart_sanitization: bool = True
    external_state_access_enabled: bool = False
    concise: bool = True

    def problems(self, *, manages_state: bool) -> list[str]:
        return _said(
            "opentofu", constraint_problem("OpenTofu", self.version, span=OPENTOFU)
        ) + _external_state(
            "opentofu",
            wanted=self.external_state_access_enabled,
            managed=manages_state,
        )


class Terragrunt(_Vendor, frozen=True, tag="Terragrunt"):
    prefix: ClassVar[str] = "terragrunt"
    terraform_version: str | None = None
    terragrunt_version: str | None = None
    tool: TerragruntTool = TerragruntTool.TERRAFORM_FOSS
    use_run_all: bool = False
    use_smart_sanitization: bool = False
    use_state_management: bool = False
    prefix_resource_names_with_module_name: bool = False
    skip_replan: bool = False
    skip_replan_when_run_all: bool = False

    def problems(self, *, manages_state: bool) -> list[str]:
        del manages_state
        found = _said(
            "terragrunt", constraint_problem("Terragrunt", self.terragrunt_version)
        )
        if self.tool is not TerragruntTool.MANUALLY_PROVISIONED:
            tool = TerraformTool(self.tool)
            problem = _tool_problem(tool, self.terraform_version)
            return found + _said("terragrunt", problem)
        if self.terraform_version:
            found.append(
                "terragrunt: terraformVersion must be empty with the tool"
                " MANUALLY_PROVISIONED"
            )
        return found

    def settled(self) -> Self:
        below = self.terraform_version or self._newest_below()
        above = self.terragrunt_version or _newest(ReleasedTool.TERRAGRUNT)
        return msgspec.structs.replace(
            self, terraform_version=below, terragrunt_version=above
        )

    def _newest_below(self) -> str | None:
        match self.tool:
            case TerragruntTool.OPEN_TOFU:
                return _newest(ReleasedTool.OPENTOFU)
            case TerragruntTool.TERRAFORM_FOSS:
                return _newest(ReleasedTool.TERRAFORM)
            case TerragruntTool.MANUALLY_PROVISIONED:
                return None


class Ansible(_Vendor, frozen=True, tag="Ansible"):
    prefix: ClassVar[str] = "ansible"
    playbook: str

    def problems(self, *, manages_state: bool) -> list[str]:
        del manages_state
        return self._missing("playbook")


class CloudFormation(_Vendor, frozen=True, tag="CloudFormation"):
    prefix: ClassVar[str] = "cloudFormation"
    region: str
    stack_name: str
    entry_template_file: str
    template_bucket: str

    def problems(self, *, manages_state: bool) -> list[str]:
        del manages_state
        found = self._missing(
            "region", "stackName", "entryTemplateFile", "templateBucket"
        )
        if "." in self.template_bucket:
            found.append("cloudFormation: templateBucket must not contain a dot")
        return found


class Kubernetes(_Vendor, frozen=True, tag="Kubernetes"):
    prefix: ClassVar[str] = "kubernetes"
    namespace: str = ""  # empty: several, or what the manifests say
    kubectl_version: str | None = None
    kubernetes_workflow_tool: KubernetesTool = KubernetesTool.KUBERNETES

    def problems(self, *, manages_state: bool) -> list[str]:
        del manages_state
        return _said("kubernetes", constraint_problem("kubectl", self.kubectl_version))

    def settled(self) -> Self:
        version = self.kubectl_version or _newest(ReleasedTool.KUBECTL)
        return msgspec.structs.replace(self, kubectl_version=version)


class Pulumi(_Vendor, frozen=True, tag="Pulumi"):
    prefix: ClassVar[str] = "pulumi"
    login_url: str
    stack_name: str

    def problems(self, *, manages_state: bool) -> list[str]:
        del manages_state
        return self._missing("loginURL", "stackName")


Vendor: TypeAlias = (
    Terraform | OpenTofu | Terragrunt | Ansible | CloudFormation | Kubernetes | Pulumi
)
VENDORS: Final[dict[str, type[Vendor]]] = {
    "ansible": Ansible,
    "cloud_formation": CloudFormation,
    "kubernetes": Kubernetes,
    "opentofu": OpenTofu,
    "pulumi": Pulumi,
    "terraform": Terraform,
    "terragrunt": Terragrunt,
}
ToolName: TypeAlias = Literal["terraform", "tofu"]


def vendor_name(vendor: Vendor) -> str:
    """Return `Terraform`, `OpenTofu`, …: the word that clients search by."""
    return type(vendor).__name__


def vendor_to_row(vendor: Vendor) -> dict[str, Any]:
    kept: dict[str, Any] = msgspec.to_builtins(vendor)
    return kept


def vendor_from_row(row: dict[str, Any]) -> Vendor:
    vendor: Vendor = msgspec.convert(row, type=Vendor)
    return vendor


def _newest(tool: ReleasedTool) -> str:
    return released(tool)[0]


def _tool_problem(tool: TerraformTool, version: str | None) -> str | None:
    match tool:
        case TerraformTool.OPEN_TOFU:
            return constraint_problem("OpenTofu", version, span=OPENTOFU)
        case TerraformTool.TERRAFORM_FOSS:
            return constraint_problem("Terraform", version, span=FREE_TERRAFORM)
        case TerraformTool.CUSTOM:
            return constraint_problem("Terraform", version)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z]+)", lambda found: f"_{found[1]}", name).lower()
