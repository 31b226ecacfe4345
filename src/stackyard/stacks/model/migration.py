"""How a stack goes over from Terraform to Terragrunt, and back.

It stays the same stack, with its state and its past; only the tool's settings become
those of the other tool, as far as both have them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from stackyard.stacks.model.vendors import (
    Terraform,
    TerraformTool,
    Terragrunt,
    TerragruntTool,
    Vendor,
)

LABEL: Final = "terragrunt"  # by which people and older clients know such a stack
_TOOL_BELOW: Final = {
    TerraformTool.OPEN_TOFU: TerragruntTool.OPEN_TOFU,
    TerraformTool.TERRAFORM_FOSS: TerragruntTool.TERRAFORM_FOSS,
    TerraformTool.CUSTOM: TerragruntTool.MANUALLY_PROVISIONED,
}
_TOOL_ALONE: Final = {below: alone for alone, below in _TOOL_BELOW.items()}


class MigratedTo(StrEnum):
    """Mixed case on purpose: clients send exactly these words."""

    TERRAFORM = "Terraform"
    TERRAGRUNT = "Terragrunt"


@dataclass(frozen=True, slots=True)
class VendorMigration:
    """What is wished for; *labels* replace the stack's, None keeps them."""

    target: MigratedTo
    labels: tuple[str, ...] | None = None
    terragrunt_version: str | None = None

    def problems(self, vendor: Vendor, labels: list[str]) -> list[str]:
        """Return what keeps a stack with these settings from going over."""
        found = []
        if not isinstance(vendor, Terraform | Terragrunt):
            found.append(
                "vendorConfig: only Terraform and Terragrunt go over into each other"
            )
        if self.target is MigratedTo.TERRAGRUNT and LABEL not in labels:
            found.append(f'labels: needs the label "{LABEL}" to go over to Terragrunt')
        return found

    def migrated(self, vendor: Vendor, *, manages_state: bool) -> Vendor:
        """Return the settings that *vendor*'s become; its own if it is there already.

        Who keeps the state is settled when a stack is made, so that goes over as well.
        """
        match vendor, self.target:
            case Terraform(), MigratedTo.TERRAGRUNT:
                custom = vendor.workflow_tool is TerraformTool.CUSTOM
                return Terragrunt(
                    terraform_version=None if custom else vendor.version,
                    terragrunt_version=self.terragrunt_version,
                    tool=_TOOL_BELOW[vendor.workflow_tool],
                    use_smart_sanitization=vendor.use_smart_sanitization,
                    use_state_management=manages_state,
                ).settled()
            case Terragrunt(), MigratedTo.TERRAFORM:
                return Terraform(
                    version=vendor.terraform_version,
                    workflow_tool=_TOOL_ALONE[vendor.tool],
                    use_smart_sanitization=vendor.use_smart_sanitization,
                )
            case _:
                return vendor
