"""Which contexts a stack has, and which of two that say the same wins. Pure.

A stack's own word wins, then that of the contexts that were attached to it, by
priority, the lower number first, then that of those that attach themselves, by name.
Hooks run from what is farthest away to the stack's own, and after a phase back again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol, TypeVar

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.contexts import Context
from stackyard.kernel.config import ConfigValue
from stackyard.kernel.ids import AttachmentId, ContextId, StackId
from stackyard.kernel.orm import Entity
from stackyard_protocol.job import Hooks

HIGHEST_PRIORITY: Final = 2**31 - 1
# Variables of this name are there in some phases only.
_PHASES: Final = ("ro_", "wo_")


class ContextAttachment(Entity):
    """Somebody's word that a project has a context."""

    __tablename__ = "context_attachments"
    __table_args__ = (
        Index(
            "uq_context_attachments_context_id_stack_id",
            "context_id",
            "stack_id",
            unique=True,
        ),
        Index("ix_context_attachments_stack_id", "stack_id"),
        CheckConstraint("priority >= 0", name="ck_context_attachments_priority"),
    )

    id: Mapped[AttachmentId] = mapped_column(primary_key=True)
    context_id: Mapped[ContextId] = mapped_column(
        ForeignKey("contexts.id", ondelete="CASCADE")
    )
    stack_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE")
    )
    priority: Mapped[int]
    created_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class AttachedContext:
    """A context as one project has it; *attachment* None: it attached itself."""

    context: Context
    stack_id: StackId  # or a module's
    stack_name: str
    attachment: ContextAttachment | None = None
    is_module: bool = False

    @property
    def id(self) -> str:
        if self.attachment is None:
            return f"{self.context.id}/{self.stack_id}"
        return self.attachment.id

    @property
    def context_id(self) -> ContextId:
        return self.context.id

    @property
    def context_name(self) -> str:
        return self.context.name

    @property
    def priority(self) -> int:
        return 0 if self.attachment is None else self.attachment.priority

    @property
    def is_autoattached(self) -> bool:
        return self.attachment is None


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a run is given: each variable and file once, in clear; and the hooks."""

    values: Sequence[ConfigValue]
    hooks: Mapping[str, list[str]]


class Named(Protocol):
    """A variable or file, whoever holds it."""

    @property
    def id(self) -> str: ...

    @property
    def is_file(self) -> bool: ...


S = TypeVar("S")
N = TypeVar("N", bound=Named)


def ranked(attached: Sequence[AttachedContext]) -> list[AttachedContext]:
    """Return the contexts of one stack, those whose word wins first."""
    return sorted(attached, key=_rank)


def effective(layers: Sequence[tuple[S, Sequence[N]]]) -> list[tuple[S, N]]:
    """Return what is left of these layers, the strongest first, once each has spoken.

    What a stronger layer says of a variable hides what weaker ones keep for some
    phases: otherwise `wo_REGION` of a context would win over a stack's `REGION`.
    """
    found: list[tuple[S, N]] = []
    taken: set[tuple[bool, str]] = set()
    for source, elements in layers:
        found += [
            (source, one) for one in elements if taken.isdisjoint(_hidden_by(one))
        ]
        taken |= {(one.is_file, one.id) for one in elements}
    return found


def as_secret_as(
    weaker: Sequence[Sequence[ConfigValue]], values: Sequence[ConfigValue]
) -> list[ConfigValue]:
    """Return *values*, each a secret if what it takes the place of is one."""
    secret = {(one.is_file, one.id) for layer in weaker for one in layer if one.secret}
    return [
        replace(one, secret=one.secret or (one.is_file, one.id) in secret)
        for one in values
    ]


def hooks_in_order(
    own: Mapping[str, list[str]], attached: Sequence[AttachedContext]
) -> dict[str, list[str]]:
    """Return every hook list of the run of a stack; *attached* in any order."""
    strongest_first = ranked(attached)
    explicit = [one for one in strongest_first if not one.is_autoattached]
    automatic = [one for one in strongest_first if one.is_autoattached]
    before = [one.context.hooks() for one in [*explicit, *reversed(automatic)]]
    before.append({name: list(commands) for name, commands in own.items()})
    return {
        name: [
            command
            for lists in (before if name.startswith("before_") else before[::-1])
            for command in lists.get(name, [])
        ]
        for name in Hooks.__struct_fields__
    }


def _rank(one: AttachedContext) -> tuple[bool, int, str, str]:
    name = one.context_name
    return one.is_autoattached, one.priority, name.casefold(), name


def _hidden_by(one: Named) -> Iterator[tuple[bool, str]]:
    yield one.is_file, one.id
    if not one.is_file and one.id.startswith(_PHASES):
        yield one.is_file, one.id[3:]
