"""All that a stack manages as one list: resources, their modules, outputs. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from stackyard.kernel.ids import RunId
from stackyard.state.made import StackOutput, StackResource

_STEP: Final = re.compile(r"module\.[\w-]+(?:\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\])?")


@dataclass(frozen=True, slots=True)
class Module:
    """What resources are grouped by; there is nothing more to say of it."""

    phantom: bool = False  # an object of the API has to have a field


Thing: TypeAlias = StackResource | StackOutput | Module


@dataclass(frozen=True, slots=True)
class ManagedEntity:
    id: str
    address: str
    name: str
    type: str
    parent: str | None
    thing: Thing
    creator_id: RunId | None = None
    updater_id: RunId | None = None


def entities(
    resources: Sequence[StackResource], outputs: Sequence[StackOutput]
) -> list[ManagedEntity]:
    """Return modules, each before what is in it; resources; and outputs."""
    return [*_modules(resources), *map(_resource, resources), *map(_output, outputs)]


def _modules(resources: Sequence[StackResource]) -> Iterator[ManagedEntity]:
    seen: set[str] = set()
    for address in sorted({one.module for one in resources if one.module}):
        parent = None
        for step in _STEP.finditer(address):
            inner = address[: step.end()]
            if inner not in seen:
                seen.add(inner)
                name = step[0].removeprefix("module.")
                yield ManagedEntity(inner, inner, name, "module", parent, Module())
            parent = inner


def _resource(one: StackResource) -> ManagedEntity:
    return ManagedEntity(
        id=one.address,
        address=one.address,
        name=one.name,
        type=one.type,
        parent=one.module,
        thing=one,
        creator_id=one.creator_id,
        updater_id=one.updater_id,
    )


def _output(one: StackOutput) -> ManagedEntity:
    address = f"output.{one.id}"
    return ManagedEntity(
        id=address,
        address=address,
        name=one.id,
        type="output",
        parent=None,
        thing=one,
        creator_id=one.creator_id,
        updater_id=one.updater_id,
    )
