"""A context: variables, files and hooks that many stacks share.

Entity and row. Every method decides; none awaits, and time is an argument.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from stackyard.contexts.errors import ContextProblemsError
from stackyard.kernel.config import SEALED_IF_WRITE_ONLY, ConfigFields
from stackyard.kernel.ids import ContextId, SpaceId, slugify
from stackyard.kernel.orm import Entity
from stackyard.kernel.text import label_problems, storable
from stackyard_protocol.job import Hooks

LONGEST_NAME: Final = 256
# A context with the label `autoattach:net` is one of every stack with the label `net`
# that reaches it, one with `autoattach:*` of every stack that reaches it.
AUTOATTACH: Final = "autoattach:"
TO_ALL: Final = "autoattach:*"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSpec:
    """All that somebody wants a context to be. *space_id* None: where it is."""

    name: str
    description: str | None = None
    labels: tuple[str, ...] = ()
    hooks: Hooks = field(default_factory=Hooks)
    space_id: SpaceId | None = None

    def hook_lists(self) -> dict[str, list[str]]:
        lists: dict[str, list[str]] = msgspec.to_builtins(self.hooks)
        return lists

    def texts(self) -> Iterator[str]:
        yield from (self.name, self.description or "", *self.labels)
        for commands in self.hook_lists().values():
            yield from commands


class Context(Entity):
    __tablename__ = "contexts"
    __table_args__ = (
        Index("ix_contexts_space_id", "space_id"),
        Index("uq_contexts_name", "name", unique=True),
    )

    id: Mapped[ContextId] = mapped_column(primary_key=True)
    space_id: Mapped[SpaceId] = mapped_column(ForeignKey("spaces.id"))
    name: Mapped[str]
    description: Mapped[str | None]
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    hook_lists: Mapped[dict[str, list[str]]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @classmethod
    def create(cls, spec: ContextSpec, *, space_id: SpaceId, at: datetime) -> "Context":
        """Return a new one; its id comes from its name, and never changes."""
        context = cls(id=ContextId(slugify(spec.name)), created_at=at)
        context.change(spec, space_id=space_id, at=at)
        return context

    def change(self, spec: ContextSpec, *, space_id: SpaceId, at: datetime) -> None:
        """Make all settings what *spec* says, or raise `ContextProblemsError`."""
        problems = spec_problems(spec)
        if problems:
            raise ContextProblemsError(*problems)
        self.space_id = space_id
        self.name = spec.name
        self.description = spec.description
        self.labels = list(spec.labels)
        self.hook_lists = spec.hook_lists()
        self.updated_at = at

    def hooks(self) -> dict[str, list[str]]:
        return {name: list(commands) for name, commands in self.hook_lists.items()}

    def facts(self) -> dict[str, Any]:
        """Return what the audit trail keeps of it."""
        return {"ID": self.id, "Name": self.name}


class ContextElement(ConfigFields, Entity):
    """One variable, or file, of a context."""

    __tablename__ = "context_config"
    __table_args__ = (
        CheckConstraint(
            SEALED_IF_WRITE_ONLY, name="ck_context_config_secret_is_sealed"
        ),
    )

    context_id: Mapped[ContextId] = mapped_column(
        ForeignKey("contexts.id", ondelete="CASCADE"), primary_key=True, sort_order=-1
    )


def spec_problems(spec: ContextSpec) -> list[str]:
    """Return everything that is wrong with it."""
    if not all(storable(text) for text in spec.texts()):
        return ["a context is described by text without NUL characters"]
    found = []
    if not slugify(spec.name):
        found.append("name: must have a letter a-z or a digit")
    if len(spec.name) > LONGEST_NAME:
        found.append(f"name: at most {LONGEST_NAME} characters")
    found += label_problems(spec.labels)
    for name, commands in spec.hook_lists().items():
        if not all(command.strip() for command in commands):
            found.append(f"{name}: a hook must not be empty")
    return found
