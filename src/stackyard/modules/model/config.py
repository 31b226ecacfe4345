"""`.spacelift/config.yml` of a module: which version it is, and how it is tested."""

from dataclasses import dataclass
from typing import Any, Final

import yaml

from stackyard.modules.errors import VersionNumberError
from stackyard.modules.model.numbers import FIRST, Number

CONFIG_FILE: Final = ".spacelift/config.yml"


@dataclass(frozen=True, slots=True)
class ModuleConfig:
    number: Number = FIRST  # also where nothing can be read
    has_tests: bool = False


def read_config(text: str | None) -> ModuleConfig:
    """Return what the file says. One that cannot be read says nothing."""
    try:
        said: Any = yaml.safe_load(text or "")
    except (yaml.YAMLError, RecursionError, ValueError):
        said = None
    if not isinstance(said, dict):
        return ModuleConfig()
    return ModuleConfig(_number(said.get("module_version")), bool(said.get("tests")))


def _number(said: object) -> Number:
    try:
        return Number.read(str(said))
    except VersionNumberError:
        return FIRST
