"""A manifest: the YAML that says what a plugin is and what it wants to be told.

Every scalar is read as the text that it is (`1.10` is no number here), and nothing is
unfolded: an alias costs nothing, a merge key is a key like any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from stackyard.kernel.text import storable
from stackyard.plugins.errors import ManifestError

LONGEST: Final = 1024 * 1024
MOST_PARAMETERS: Final = 200
LONGEST_TEXT: Final = 10_000
_REQUIRED: Final = ("name", "version", "description", "author")
_TYPES: Final = ("string", "number", "boolean")
_YES: Final = frozenset({"true", "yes", "on", "y"})
_NO: Final = frozenset({"false", "no", "off", "n"})
_NULL: Final = frozenset({"null", "~"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """Something that a plugin wants to be told when it is installed."""

    id: str
    name: str
    type: str
    description: str | None
    sensitive: bool
    required: bool
    default: str | None

    def problem_with(self, value: str) -> str | None:
        """Return what is wrong with a value for it, or None."""
        match self.type:
            case "number" if not _is_number(value):
                return f"parameter '{self.id}' must be a number"
            case "boolean" if value.lower() not in _YES | _NO:
                return f"parameter '{self.id}' must be a boolean"
            case _:
                return None


def read_manifest(text: str) -> tuple[Parameter, ...]:
    """Return what the manifest asks for, or raise `ManifestError`."""
    root = _load(text)
    if not isinstance(root, dict):
        raise ManifestError("must be a mapping")
    missing = [f"'{name}'" for name in _REQUIRED if name not in root]
    if missing:
        noun = "property" if len(missing) == 1 else "properties"
        raise ManifestError(f"missing {noun} {', '.join(missing)}")
    problems = [
        f"'{name}' must be a text"
        for name in _REQUIRED
        if not isinstance(root[name], str)
    ]
    given = root.get("parameters") or []
    if not isinstance(given, list) or len(given) > MOST_PARAMETERS:
        problems.append(f"'parameters' must be a list of at most {MOST_PARAMETERS}")
    if problems:
        raise ManifestError(*problems)
    return _parameters(given)


def _load(text: str) -> Any:
    if len(text) > LONGEST:
        raise ManifestError(f"at most {LONGEST} characters")
    if not storable(text):
        raise ManifestError("must be text without NUL characters")
    try:
        return yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506 - makes nothing but text, lists and mappings
    except RecursionError:
        raise ManifestError("it is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:
        problem = getattr(error, "problem", None) or "it cannot be read"
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise ManifestError(f"must be YAML: {problem}{where}") from None


def _parameters(given: list[Any]) -> tuple[Parameter, ...]:
    problems: list[str] = []
    found: dict[str, Parameter] = {}
    for number, said in enumerate(given):
        one = _Said(said, f"parameters[{number}]", problems)
        parameter = one.parameter()
        if parameter.id in found:
            problems.append(f"{one.where}: the id '{parameter.id}' is given twice")
        found[parameter.id] = parameter
    if problems:
        raise ManifestError(*problems)
    return tuple(found.values())


@dataclass(slots=True)
class _Said:
    """What a manifest says of one parameter; *problems* is what is wrong so far."""

    said: Any
    where: str
    problems: list[str]

    def parameter(self) -> Parameter:
        if not isinstance(self.said, Mapping):
            self._complain("must be a mapping")
            self.said = {"name": self.where}
        name, own = self._text("name"), self._text("id")
        if not (name or own):
            self._complain("missing property 'name'")
        parameter = Parameter(
            id=own or name or self.where,
            name=name or own or self.where,
            type=self._type(),
            description=self._text("description"),
            sensitive=self._flag("sensitive"),
            required=self._flag("required"),
            default=self._text("default"),
        )
        if parameter.default is not None:
            problem = parameter.problem_with(parameter.default)
            if problem:
                self._complain(f"default: {problem}")
        return parameter

    def _text(self, name: str) -> str | None:
        value = self.said.get(name)
        if value is None or (isinstance(value, str) and value.lower() in _NULL):
            return None
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            self._complain(f"'{name}' must be a text of at most {LONGEST_TEXT}")
            return None
        if not storable(value):  # which YAML can write with other characters
            self._complain(f"'{name}' must be text without NUL characters")
            return None
        return value

    def _type(self) -> str:
        kind = self._text("type") or _TYPES[0]
        if kind not in _TYPES:
            self._complain(f"'type' must be one of {', '.join(_TYPES)}")
        return kind

    def _flag(self, name: str) -> bool:
        value = self._text(name) or "false"
        if value.lower() not in _YES | _NO:
            self._complain(f"'{name}' must be true or false")
        return value.lower() in _YES

    def _complain(self, problem: str) -> None:
        self.problems.append(f"{self.where}: {problem}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
