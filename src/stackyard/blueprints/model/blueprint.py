"""A blueprint: a form, and the stacks that are made of what was filled in.

Entity and row. Every method decides; none awaits, and time is an argument.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from stackyard.blueprints.errors import (
    DraftError,
    PublishedError,
    SettingsProblemsError,
)
from stackyard.blueprints.model.settings import (
    label_problems,
    name_problems,
    text_problems,
)
from stackyard.kernel.ids import BlueprintId, SpaceId, new_ulid, slugify
from stackyard.kernel.orm import Entity


class Publication(StrEnum):
    """Of a blueprint, and of a template's version: there is no way back."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueprintSpec:
    """All that somebody wants a blueprint to be."""

    name: str
    space_id: SpaceId
    state: Publication
    description: str | None = None
    labels: tuple[str, ...] = ()
    body: str | None = None

    def problems(self) -> list[str]:
        return [
            *name_problems(self.name),
            *text_problems("description", self.description),
            *label_problems(self.labels),
            *body_problems(self.body, self.state),
        ]


class Blueprint(Entity):
    __tablename__ = "blueprints"
    __table_args__ = (
        Index("ix_blueprints_space_id", "space_id"),
        Index("ix_blueprints_name_id", "name", "id"),
        CheckConstraint(
            "(state = 'PUBLISHED') = (published_at IS NOT NULL)",
            name="ck_blueprints_published_at",
        ),
    )

    id: Mapped[BlueprintId] = mapped_column(primary_key=True)
    ulid: Mapped[str]
    space_id: Mapped[SpaceId] = mapped_column(ForeignKey("spaces.id"))
    name: Mapped[str]
    description: Mapped[str | None]
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    state: Mapped[Publication]
    body: Mapped[str | None]
    inputs: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)  # read off the body
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    published_at: Mapped[datetime | None]

    @classmethod
    def create(cls, spec: BlueprintSpec, *, at: datetime) -> "Blueprint":
        """Return a new one; its id comes from its name, and never changes."""
        blueprint = cls(
            id=BlueprintId(slugify(spec.name)),
            ulid=new_ulid(),
            state=Publication.DRAFT,
            inputs=[],
            created_at=at,
        )
        blueprint.change(spec, at=at)
        return blueprint

    def change(self, spec: BlueprintSpec, *, at: datetime) -> None:
        """Make all settings what *spec* says. What is published keeps its body."""
        problems = spec.problems()
        if problems:
            raise SettingsProblemsError(*problems)
        if self.state is Publication.PUBLISHED and (
            spec.state is not self.state or spec.body != self.body
        ):
            raise PublishedError(noun="blueprint")
        if self.published_at is None and spec.state is Publication.PUBLISHED:
            self.published_at = at
        self.space_id = spec.space_id
        self.name = spec.name
        self.description = spec.description
        self.labels = list(spec.labels)
        self.state = spec.state
        self.body = spec.body
        self.updated_at = at

    def published_body(self) -> str:
        """Return what stacks are made of, or raise `DraftError`."""
        if self.state is not Publication.PUBLISHED or self.body is None:
            raise DraftError(noun="blueprint")
        return self.body

    def facts(self) -> dict[str, Any]:
        """Return what the audit trail keeps of it."""
        return {"ID": self.id, "Name": self.name, "State": self.state}


def body_problems(body: str | None, state: Publication) -> Sequence[str]:
    """Return what is wrong with a body before anybody looks into it."""
    if state is Publication.PUBLISHED and not (body or "").strip():
        return ["template: what is published needs a body"]
    return list(text_problems("template", body))
