"""What one run is given of its own: read from clients, and shown to them."""

from typing import Any

import msgspec

from stackyard.stacks import (
    ReleasedTool,
    RuntimeConfig,
    RuntimeVariable,
    Stack,
    Terraform,
    TerraformTool,
    released,
)
from stackyard_protocol.job import Hooks


def runtime_config_from(given: dict[str, Any] | None) -> RuntimeConfig | None:
    if given is None:
        return None
    if given.get("yaml"):  # instead of the other fields
        return RuntimeConfig.from_yaml(given["yaml"])
    tool = given.get("terraform_workflow_tool")
    return RuntimeConfig(
        environment=[
            RuntimeVariable(one["key"], one["value"])
            for one in given.get("environment") or ()
        ],
        project_root=given.get("project_root") or None,
        runner_image=given.get("runner_image") or None,
        terraform_version=given.get("terraform_version") or None,
        terraform_workflow_tool=TerraformTool(tool) if tool else None,
        hooks=Hooks(
            **{name: given.get(name) or [] for name in Hooks.__struct_fields__}
        ),
    )


def shown_runtime_config(
    config: RuntimeConfig | None, stack: Stack | None
) -> dict[str, Any] | None:
    """Return it as clients know it: a version and a tool are always said."""
    if config is None:
        return None
    vendor = stack.vendor if stack else None
    own = vendor if isinstance(vendor, Terraform) else Terraform()
    newest = released(ReleasedTool.TERRAFORM)[0]
    hooks: dict[str, Any] = msgspec.to_builtins(config.hooks)
    return hooks | {
        "environment": config.environment,
        "project_root": config.project_root,
        "runner_image": config.runner_image,
        "terraform_version": config.terraform_version or own.version or newest,
        "terraform_workflow_tool": config.terraform_workflow_tool or own.workflow_tool,
    }
