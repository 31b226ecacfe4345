"""What one run is given beside, or instead of, what its stack says. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final, Self

import msgspec
import yaml
from msgspec import Struct, field

from stackyard.kernel.config import (
    ConfigInput,
    ConfigType,
    ConfigValue,
    config_problems,
)
from stackyard.kernel.text import clean_path, storable
from stackyard.stacks.errors import RuntimeConfigProblemsError
from stackyard.stacks.model.vendors import Terraform, TerraformTool, Vendor
from stackyard_protocol.job import Hooks

LONGEST_YAML: Final = 256 * 1024


class RuntimeVariable(Struct, frozen=True):
    key: str
    value: str

    def __repr__(self) -> str:
        return f"RuntimeVariable({self.key!r})"  # the value may be a secret


class _Block(Hooks, frozen=True, kw_only=True, forbid_unknown_fields=True):
    environment: dict[str, str] = field(default_factory=dict)
    project_root: str = ""
    runner_image: str = ""
    terraform_version: str = ""
    opentofu_version: str = ""
    terraform_workflow_tool: TerraformTool | None = None


class RuntimeConfig(Struct, frozen=True, kw_only=True):
    """None, or an empty list: as the stack has it."""

    environment: list[RuntimeVariable] = field(default_factory=list)
    project_root: str | None = None
    runner_image: str | None = None
    terraform_version: str | None = None
    terraform_workflow_tool: TerraformTool | None = None
    hooks: Hooks = field(default_factory=Hooks)

    @classmethod
    def from_yaml(cls, text: str) -> Self:
        """Read a block as `.spacelift/config.yml` has them; it says all problems."""
        try:
            if len(text) > LONGEST_YAML:
                raise ValueError("too long")  # noqa: TRY301 - said below
            said = yaml.safe_load(text)
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            problem = str(error).splitlines()[0]
            raise RuntimeConfigProblemsError(f"yaml: {problem}") from None
        try:
            return cls.from_block({} if said is None else said)
        except RuntimeConfigProblemsError as error:
            raise RuntimeConfigProblemsError(
                *(f"yaml: {problem}" for problem in error.problems)
            ) from None

    @classmethod
    def from_block(cls, said: object) -> Self:
        """Read a block that has been parsed, or raise `RuntimeConfigProblemsError`."""
        try:
            block = msgspec.convert(said, _Block)
        except msgspec.ValidationError as error:
            raise RuntimeConfigProblemsError(str(error)) from None
        hooks = {name: getattr(block, name) for name in Hooks.__struct_fields__}
        tool = block.terraform_workflow_tool
        tofu = tool is TerraformTool.OPEN_TOFU
        return cls(
            environment=[
                RuntimeVariable(key, value) for key, value in block.environment.items()
            ],
            project_root=block.project_root or None,
            runner_image=block.runner_image or None,
            terraform_version=(tofu and block.opentofu_version)
            or block.terraform_version
            or None,
            terraform_workflow_tool=tool,
            hooks=Hooks(**hooks),
        )

    def values(self) -> list[ConfigValue]:
        return [
            ConfigValue(one.key, one.value, secret=False, is_file=False)
            for one in self.environment
        ]

    def hooks_over(self, own: Mapping[str, list[str]]) -> dict[str, list[str]]:
        """Return the stack's own hooks, those that are given here replaced."""
        given: dict[str, list[str]] = msgspec.to_builtins(self.hooks)
        return dict(own) | {name: lines for name, lines in given.items() if lines}

    def over(self, vendor: Vendor) -> Vendor:
        """Return the stack's vendor as this run is to have it."""
        if not isinstance(vendor, Terraform):
            return vendor
        return msgspec.structs.replace(
            vendor,
            version=self.terraform_version or vendor.version,
            workflow_tool=self.terraform_workflow_tool or vendor.workflow_tool,
        )

    def problems(self) -> list[str]:
        return [f"runtimeConfig: {problem}" for problem in self._problems()]

    def _problems(self) -> Iterator[str]:
        for one in self.environment:
            wanted = ConfigInput(one.key, ConfigType.ENVIRONMENT_VARIABLE, one.value)
            for problem in config_problems(wanted):
                yield f"environment: {problem}"
        if self.project_root is not None and not clean_path(self.project_root):
            yield "projectRoot: must be a clean path below the root of the repository"
        if self.runner_image is not None and not storable(self.runner_image):
            yield "runnerImage: must be text without NUL characters"
        lists: dict[str, list[str]] = msgspec.to_builtins(self.hooks)
        for commands in lists.values():
            if not all(one.strip() and storable(one) for one in commands):
                yield "a hook must be text, and not empty"
        tool = Terraform(
            version=self.terraform_version,
            workflow_tool=self.terraform_workflow_tool or TerraformTool.TERRAFORM_FOSS,
        )
        yield from tool.problems(manages_state=True)
