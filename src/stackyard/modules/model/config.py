"""`.spacelift/config.yml` of a module: which version it is, and how it is tested."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

import msgspec
import yaml
from msgspec import Struct, field

from stackyard.kernel.ids import slugify
from stackyard.kernel.text import storable
from stackyard.modules.errors import VersionNumberError
from stackyard.modules.model.numbers import FIRST, Number
from stackyard.runs import Case
from stackyard.stacks import RuntimeConfig, RuntimeConfigProblemsError

CONFIG_FILE: Final = ".spacelift/config.yml"
MOST_CASES: Final = 100
_NONE: Final = frozenset({"", "~", "null", "false"})


@dataclass(frozen=True, slots=True)
class ModuleConfig:
    """*problems* are those of the test cases: with any, there are no cases."""

    said: Number | None = None  # None also where nothing can be read
    cases: tuple[Case, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def number(self) -> Number:
        return self.said or FIRST


class _Head(Struct, frozen=True):
    """What a test case has beside the settings of its run."""

    name: str
    id: str = ""
    negative: bool = False
    depends_on: list[str] = field(default_factory=list)


def read_config(text: str | None) -> ModuleConfig:
    """Return what the file says. One that cannot be read says nothing.

    Everything in it is read as text, and no alias is unfolded: ten lines of them could
    come to more than there is memory.
    """
    try:
        said = _load(text or "")
    except (yaml.YAMLError, RecursionError, ValueError):
        said = None
    if not isinstance(said, dict):
        return ModuleConfig()
    number = _number(said.get("module_version"))
    try:
        return ModuleConfig(
            number, _cases(said.get("tests"), said.get("test_defaults"))
        )
    except RuntimeConfigProblemsError as error:
        return ModuleConfig(number, problems=tuple(error.problems))


def _load(text: str) -> Any:
    """Return it as texts, lists and mappings; raise `ValueError` for a NUL in it."""
    for event in yaml.parse(text, Loader=yaml.CBaseLoader):
        if isinstance(event, yaml.ScalarEvent) and not storable(event.value):
            raise ValueError(event.start_mark)
    return yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506 - makes nothing but text, lists and mappings


def _number(said: object) -> Number | None:
    try:
        return Number.read(said) if isinstance(said, str) else None
    except VersionNumberError:
        return None


def _cases(said: object, defaults: object) -> tuple[Case, ...]:
    if said is None or (isinstance(said, str) and said.lower() in _NONE):
        return ()
    if not isinstance(said, list) or len(said) > MOST_CASES:
        raise RuntimeConfigProblemsError(
            f"tests: must be a list of at most {MOST_CASES}"
        )
    common = defaults if isinstance(defaults, dict) else {}
    cases, problems = [], []
    for place, one in enumerate(said):
        try:
            cases.append(_case(one, common))
        except RuntimeConfigProblemsError as error:
            problems += [f"tests[{place}]: {problem}" for problem in error.problems]
    problems = problems or list(_misfits(cases))
    if problems:
        raise RuntimeConfigProblemsError(*problems)
    return tuple(cases)


def _case(said: object, common: Mapping[str, Any]) -> Case:
    """Read one test case; what it does not say, the file says for all of them."""
    if not isinstance(said, dict):
        raise RuntimeConfigProblemsError("must be a mapping with a name")
    block = _merged(common) | _merged(said)
    if isinstance(block.get("environment"), dict):
        block["environment"] = _merged(block["environment"])
    own = {name: block.pop(name) for name in _Head.__struct_fields__ if name in block}
    try:
        head = msgspec.convert(own, _Head, strict=False)
    except msgspec.ValidationError as error:
        raise RuntimeConfigProblemsError(str(error)) from None
    if not slugify(head.name):
        raise RuntimeConfigProblemsError("name: must have a letter or a digit")
    config = RuntimeConfig.from_block(block)
    if problems := config.problems():
        raise RuntimeConfigProblemsError(*problems)
    return Case(
        id=head.id or slugify(head.name),
        name=head.name,
        negative=head.negative,
        depends_on=head.depends_on,
        config=config,
    )


def _merged(said: Mapping[str, Any]) -> dict[str, Any]:
    """Put in what `<<` takes over from elsewhere in the file, as YAML has it."""
    own = dict(said)
    taken = own.pop("<<", {})
    found: dict[str, Any] = {}
    for one in reversed(taken if isinstance(taken, list) else [taken]):
        if isinstance(one, dict):
            found |= one
    return found | own


def _misfits(cases: list[Case]) -> Iterator[str]:
    """Say what is wrong with the test cases as a whole."""
    known = [case.id for case in cases]
    for twice in sorted({one for one in known if known.count(one) > 1}):
        yield f'tests: two have the id "{twice}"'
    for case in cases:
        for missing in sorted(set(case.depends_on) - set(known)):
            yield f'tests: "{case.id}" depends on "{missing}", which there is not'
    try:
        TopologicalSorter({case.id: case.depends_on for case in cases}).prepare()
    except CycleError as error:
        circle = ", ".join(error.args[1])
        yield f"tests: they depend on one another in a circle: {circle}"
