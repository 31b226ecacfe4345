"""`.spacelift/config.yml` of a module: which version it is, and how it is tested."""

from dataclasses import dataclass
from typing import Any, Final

import yaml

from stackyard.modules.errors import VersionNumberError
from stackyard.modules.model.numbers import FIRST, Number

CONFIG_FILE: Final = ".spacelift/config.yml"
_NONE: Final = frozenset({"", "~", "null", "false"})


@dataclass(frozen=True, slots=True)
class ModuleConfig:
    number: Number = FIRST  # also where nothing can be read
    has_tests: bool = False


def read_config(text: str | None) -> ModuleConfig:
    """Return what the file says. One that cannot be read says nothing.

    Everything in it is read as text, and no alias is unfolded: ten lines of them could
    come to more than there is memory.
    """
    try:
        said: Any = yaml.load(text or "", Loader=yaml.CBaseLoader)  # noqa: S506 - makes nothing but text, lists and mappings
    except (yaml.YAMLError, RecursionError, ValueError):
        said = None
    if not isinstance(said, dict):
        return ModuleConfig()
    return ModuleConfig(_number(said.get("module_version")), _some(said.get("tests")))


def _number(said: object) -> Number:
    try:
        return Number.read(said) if isinstance(said, str) else FIRST
    except VersionNumberError:
        return FIRST


def _some(said: object) -> bool:
    return said.lower() not in _NONE if isinstance(said, str) else bool(said)
