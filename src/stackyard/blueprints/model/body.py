"""A body before anything is filled in: what it asks for, and whether it can be used."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from stackyard.blueprints.errors import BodyProblemsError
from stackyard.blueprints.model.chain import chain_problems
from stackyard.blueprints.model.checking import duplicates, schema_problems
from stackyard.blueprints.model.expressions import (
    HOLE,
    Expression,
    find_expressions,
    has_hole,
    with_holes,
)
from stackyard.blueprints.model.inputs import DeclaredInput, declaration_problems
from stackyard.blueprints.model.schema import BLUEPRINT_SCHEMA, TEMPLATE_SCHEMA
from stackyard.blueprints.model.settings import LONGEST_TEXT
from stackyard.blueprints.model.yaml import read_yaml
from stackyard.kernel.ids import RepoId
from stackyard.stacks import Provider


class Kind(Enum):
    BLUEPRINT = "blueprint"
    TEMPLATE = "template"

    @property
    def schema(self) -> dict[str, Any]:
        return _SCHEMAS[self]


_SCHEMAS: Final = {Kind.BLUEPRINT: BLUEPRINT_SCHEMA, Kind.TEMPLATE: TEMPLATE_SCHEMA}
# Where a template must be plain: its deployments are told apart and pinned by these.
_PLAIN_IN_STACKS: Final = ("key", "depends_on", "vcs")


@dataclass(frozen=True, slots=True)
class Source:
    """A branch of a built-in repository that a stack of a template has its code of."""

    place: str
    key: str
    repo_id: RepoId
    branch: str


@dataclass(frozen=True, slots=True)
class Body:
    """One that its schema has no objection to, as far as that is known by now."""

    kind: Kind
    text: str
    expressions: Sequence[Expression]
    inputs: Sequence[DeclaredInput]
    maps: Mapping[str, Any]
    sources: tuple[Source, ...]

    def unknown_inputs(self) -> Iterator[str]:
        """Yield where expressions name inputs that nobody is asked for."""
        known = {one.id for one in self.inputs}
        for one in self.expressions:
            for name in sorted(set(one.inputs()) - known):
                yield f"{one.place}: there is no input {name}"


@lru_cache(maxsize=32)
def read_body(text: str, kind: Kind) -> Body:
    """Return it, or raise `BodyProblemsError` with all that is wrong.

    A large one takes its time; whoever waits for an answer reads it twice.
    """
    if len(text) > LONGEST_TEXT:
        raise BodyProblemsError(f"at most {LONGEST_TEXT} characters")
    ensure_no_hole(text)
    expressions, problems = find_expressions(text)
    document = read_yaml(with_holes(text, expressions))
    problems += schema_problems(document, kind.schema)
    if not (problems or isinstance(document, dict)):  # all of it is an expression
        problems.append("must be a mapping")
    # what is plain by the rules is what may be looked at from here on
    problems = problems or list(_misplaced(document, kind))
    if problems:
        raise BodyProblemsError(*problems)
    body = Body(
        kind,
        text,
        expressions,
        [DeclaredInput.of(one) for one in document.get("inputs") or ()],
        document.get("maps") or {},
        tuple(_sources(document)) if kind is Kind.TEMPLATE else (),
    )
    problems = [*declaration_problems(body.inputs), *stack_problems(document, kind)]
    if problems:
        raise BodyProblemsError(*problems)
    return body


def find_inputs(text: str | None, kind: Kind) -> list[DeclaredInput]:
    """Return what a draft asks for, as far as it can be told: none if it is broken."""
    try:
        expressions, _ = find_expressions(text or "")
        declared = read_yaml(with_holes(text or "", expressions))["inputs"]
    except (BodyProblemsError, KeyError, TypeError):
        return []
    if has_hole(declared):
        return []
    if schema_problems(declared, kind.schema["properties"]["inputs"]):
        return []
    return [DeclaredInput.of(one) for one in declared]


def ensure_no_hole(text: str) -> None:
    """Raise if *text* has the character that stands for an expression here."""
    if HOLE in text:
        raise BodyProblemsError(f"U+{ord(HOLE):04X} is no character for a body")


def stacks_of(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each stack with its place, in their order; no expression is one yet."""
    several = document.get("stacks")
    found = [("stack", document.get("stack"))]
    if isinstance(several, list):
        found += [(f"stacks.{number}", one) for number, one in enumerate(several)]
    for place, one in found:
        if isinstance(one, dict):
            yield place, one


def stack_problems(document: Mapping[str, Any], kind: Kind) -> list[str]:
    """Return what is wrong with the stacks beside one another."""
    stacks = list(stacks_of(document))
    found = list(chain_problems(stacks))
    if kind is Kind.TEMPLATE:
        twice = duplicates([one["key"] for _, one in stacks])
        found += [f"stacks: the key {one} is there twice" for one in twice]
    return found


def _sources(document: Mapping[str, Any]) -> Iterator[Source]:
    for place, one in stacks_of(document):
        vcs, reference = one["vcs"], one["vcs"].get("reference")
        built_in = vcs["provider"] == Provider.SPACELIFT
        if built_in and reference and reference["type"] == "branch":
            repo_id = RepoId(vcs.get("id") or vcs["repository"])
            yield Source(f"{place}.vcs", one["key"], repo_id, reference["value"])


def _misplaced(document: Mapping[str, Any], kind: Kind) -> Iterator[str]:
    """Yield where expressions are that nothing is put in the place of."""
    for name in ("inputs", "maps"):
        if has_hole(document.get(name)):
            yield f"{name}: cannot have expressions in it"
    if kind is Kind.TEMPLATE:
        if len(list(stacks_of(document))) < len(document["stacks"]):
            yield "stacks: cannot be expressions in a template"
        for place, one in stacks_of(document):
            for name in _PLAIN_IN_STACKS:
                if has_hole(one.get(name)):
                    yield f"{place}.{name}: cannot have expressions in a template"
