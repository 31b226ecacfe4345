"""What a plan or a state says, read from Terraform's JSON. Never on the event loop.

Only the fields that are reported are decoded: a plan of hundreds of megabytes is
mostly attribute values, which nobody here looks at. Those of a state are looked at one
resource at a time, and only so many.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec import Raw, Struct, field

from stackyard_protocol.job import Sanitize
from stackyard_protocol.report import Change, Output, Planned, Resource
from stackyard_worker.sanitizing import digest, sanitized

_UNCHANGED: Final = (["no-op"], ["read"])
_LARGEST: Final = 256 * 1024  # of one resource's attributes, as the tool tells them
_LARGEST_ALL: Final = 16 * 1024 * 1024  # of all that are reported


class _Actions(Struct):
    actions: list[str]
    importing: object = None  # an id or more, if it is imported


class _ResourceChange(Struct):
    address: str
    type: str
    change: _Actions
    mode: str = "managed"
    deposed: str | None = None
    previous_address: str | None = None


class _PriorState(Struct):
    prior_state: Raw = Raw(b'{"format_version":"1.0"}')  # as an empty state is told


class _Plan(Struct):
    resource_changes: list[_ResourceChange] = field(default_factory=list)
    output_changes: dict[str, _Actions] = field(default_factory=dict)


class _Output(Struct):
    sensitive: bool = False
    value: Raw = Raw(b"null")


class _Resource(Struct):
    address: str
    type: str
    name: str
    provider_name: str = ""
    mode: str = "managed"
    tainted: bool = False
    values: Raw = Raw(b"{}")
    sensitive_values: Raw = Raw(b"null")


class _Module(Struct):
    address: str | None = None
    resources: list[_Resource] = field(default_factory=list)
    child_modules: list["_Module"] = field(default_factory=list)


class _Values(Struct):
    outputs: dict[str, _Output] = field(default_factory=dict)
    root_module: _Module = field(default_factory=_Module)


class _State(Struct):
    values: _Values | None = None


def read_plan(text: bytes) -> Planned:
    """Count what a plan would do. A replacement is one added and one deleted.

    Moved and imported resources are no counted change, but the plan has to be
    applied for them, so they are among the changes.
    """
    plan = msgspec.json.decode(text, type=_Plan)
    managed = [one for one in plan.resource_changes if one.mode == "managed"]
    actions = [one.change.actions for one in managed]
    return Planned(
        add=sum("create" in each for each in actions),
        change=sum("update" in each for each in actions),
        delete=sum("delete" in each for each in actions),
        resources=sum(one.deposed is None for one in managed),
        outputs_changed=any(
            one.actions not in _UNCHANGED for one in plan.output_changes.values()
        ),
        changes=[_change(one) for one in managed if _matters(one)],
    )


def prior_state(text: bytes) -> bytes:
    """Return the state that a plan started from, as `show -json` tells a state."""
    return bytes(msgspec.json.decode(text, type=_PriorState).prior_state)


@dataclass(frozen=True, slots=True)
class State:
    """What a state says; of *too_large* many resources the attributes are left out."""

    outputs: list[Output]
    resources: list[Resource]
    too_large: int = 0


def read_state(
    text: bytes, *, sensitive: bool, sanitize: Sanitize = Sanitize.TEXTS
) -> State:
    """Read outputs and resources; values of sensitive outputs only if *sensitive*."""
    values = msgspec.json.decode(text, type=_State).values or _Values()
    outputs = [
        Output(
            name=name,
            sensitive=one.sensitive,
            value=None
            if one.sensitive and not sensitive
            else bytes(one.value).decode(errors="replace"),
            digest=digest(bytes(one.value)),
        )
        for name, one in values.outputs.items()
    ]
    attributes = _Attributes(sanitize)
    resources = list(_resources(values.root_module, attributes))
    return State(outputs, resources, attributes.left_out)


@dataclass(slots=True)
class _Attributes:
    """Sanitises one resource after the other, as long as there is room for them."""

    how: Sanitize
    room: int = _LARGEST_ALL
    left_out: int = 0

    def of(self, one: _Resource) -> str:
        if len(one.values) > _LARGEST:
            return self._none()
        try:
            seen = sanitized(
                msgspec.json.decode(one.values),
                msgspec.json.decode(one.sensitive_values),
                self.how,
            )
            text = msgspec.json.encode(seen)
        except RecursionError:  # nested deeper than anybody looks
            return self._none()
        if len(text) > self.room:
            return self._none()
        self.room -= len(text)
        return text.decode(errors="replace")

    def _none(self) -> str:
        self.left_out += 1
        return "{}"


def _change(one: _ResourceChange) -> Change:
    return Change(
        address=one.address,
        type=one.type,
        actions=one.change.actions,
        previous_address=one.previous_address,
    )


def _matters(one: _ResourceChange) -> bool:
    return (
        one.change.actions not in _UNCHANGED
        or one.previous_address is not None
        or one.change.importing is not None
    )


def _resources(root: _Module, attributes: _Attributes) -> Iterator[Resource]:
    waiting = [root]
    while waiting:
        module = waiting.pop()
        waiting += reversed(module.child_modules)
        for one in module.resources:
            yield Resource(
                address=one.address,
                type=one.type,
                name=one.name,
                provider=one.provider_name,
                module=module.address,
                mode=one.mode,
                tainted=one.tainted,
                attributes=attributes.of(one),
            )
