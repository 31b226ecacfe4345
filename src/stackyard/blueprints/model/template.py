"""A template: a name for versions of a body, which are deployed and brought up to date.

Entities and rows. Every method decides; none awaits, and time is an argument.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import Text

from stackyard.blueprints.errors import (
    DraftError,
    PublishedError,
    SettingsProblemsError,
)
from stackyard.blueprints.model.blueprint import Publication, body_problems
from stackyard.blueprints.model.settings import (
    label_problems,
    name_problems,
    text_problems,
)
from stackyard.kernel.ids import (
    SpaceId,
    TemplateId,
    TemplateVersionId,
    new_ulid,
    slugify,
)
from stackyard.kernel.orm import Entity

LONGEST_NUMBER: Final = 128
ULID_LENGTH: Final = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSpec:
    name: str
    space_id: SpaceId
    description: str | None = None
    labels: tuple[str, ...] = ()

    def problems(self) -> list[str]:
        return [
            *name_problems(self.name),
            *text_problems("description", self.description),
            *label_problems(self.labels),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateVersionSpec:
    number: str
    state: Publication
    instructions: str | None = None
    labels: tuple[str, ...] = ()
    body: str | None = None

    def problems(self) -> list[str]:
        found = [
            *text_problems("versionNumber", self.number),
            *text_problems("instructions", self.instructions),
            *label_problems(self.labels),
            *body_problems(self.body, self.state),
        ]
        if not self.number.strip() or len(self.number) > LONGEST_NUMBER:
            found.append(f"versionNumber: 1 to {LONGEST_NUMBER} characters")
        return found


class Template(Entity):
    __tablename__ = "templates"
    __table_args__ = (
        Index("uq_templates_space_id_name", "space_id", "name", unique=True),
        Index("ix_templates_name_id", "name", "id"),
    )

    id: Mapped[TemplateId] = mapped_column(primary_key=True)
    ulid: Mapped[str]
    space_id: Mapped[SpaceId] = mapped_column(ForeignKey("spaces.id"))
    name: Mapped[str]
    description: Mapped[str | None]
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @classmethod
    def create(cls, spec: TemplateSpec, *, at: datetime) -> "Template":
        """Return a new one; its id comes from its name, and never changes."""
        template = cls(
            id=TemplateId(slugify(spec.name)), ulid=new_ulid(), created_at=at
        )
        template.change(spec, at=at)
        return template

    def change(self, spec: TemplateSpec, *, at: datetime) -> None:
        problems = spec.problems()
        if problems:
            raise SettingsProblemsError(*problems)
        self.space_id = spec.space_id
        self.name = spec.name
        self.description = spec.description
        self.labels = list(spec.labels)
        self.updated_at = at

    def outline(self) -> "Template":
        """Return what who sees a deployment of it may know: which one it is."""
        return Template(
            id=self.id,
            ulid=self.ulid,
            space_id=self.space_id,
            name=self.name,
            labels=[],
            created_at=self.created_at,
            updated_at=self.updated_at,
        )

    def facts(self) -> dict[str, Any]:
        """Return what the audit trail keeps of it."""
        return {"ID": self.id, "Name": self.name}


class TemplateVersion(Entity):
    __tablename__ = "template_versions"
    __table_args__ = (
        Index("uq_template_versions_number", "template_id", "number", unique=True),
        CheckConstraint(
            "(state = 'PUBLISHED') = (published_at IS NOT NULL)",
            name="ck_template_versions_published_at",
        ),
    )

    id: Mapped[TemplateVersionId] = mapped_column(primary_key=True)
    ulid: Mapped[str]
    template_id: Mapped[TemplateId] = mapped_column(ForeignKey("templates.id"))
    template: Mapped[Template] = relationship(lazy="joined", innerjoin=True)
    number: Mapped[str]
    state: Mapped[Publication]
    instructions: Mapped[str | None]
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    body: Mapped[str | None]
    commits: Mapped[dict[str, Any]] = mapped_column(JSONB)  # by key, once published
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    published_at: Mapped[datetime | None]

    @classmethod
    def create(
        cls, template: Template, spec: TemplateVersionSpec, *, at: datetime
    ) -> "TemplateVersion":
        """Return a new one. Clients take its id apart: its ULID is the end of it."""
        ulid = new_ulid()
        version = cls(
            id=version_id(template.id, ulid),
            ulid=ulid,
            template=template,
            state=Publication.DRAFT,
            commits={},
            created_at=at,
        )
        version.change(spec, at=at)
        return version

    @property
    def name(self) -> str:
        return self.template.name

    @property
    def space_id(self) -> SpaceId:
        return self.template.space_id

    def change(self, spec: TemplateVersionSpec, *, at: datetime) -> None:
        """Make all settings what *spec* says. What is published keeps its body."""
        problems = spec.problems()
        if problems:
            raise SettingsProblemsError(*problems)
        if self.state is Publication.PUBLISHED and (
            spec.state is not self.state or spec.body != self.body
        ):
            raise PublishedError(noun="version")
        if self.published_at is None and spec.state is Publication.PUBLISHED:
            self.published_at = at
        self.number = spec.number
        self.state = spec.state
        self.instructions = spec.instructions
        self.labels = list(spec.labels)
        self.body = spec.body
        self.updated_at = at

    def published_body(self) -> str:
        """Return what stacks are made of, or raise `DraftError`."""
        if self.state is not Publication.PUBLISHED or self.body is None:
            raise DraftError(noun="version")
        return self.body

    def outline(self) -> "TemplateVersion":
        """Return what who sees a deployment of it may know: which one it is."""
        return TemplateVersion(
            id=self.id,
            ulid=self.ulid,
            template_id=self.template_id,
            template=self.template.outline(),
            number=self.number,
            state=self.state,
            labels=[],
            created_at=self.created_at,
            updated_at=self.updated_at,
            published_at=self.published_at,
        )

    def facts(self) -> dict[str, Any]:
        """Return what the audit trail keeps of it."""
        return {"ID": self.id, "Number": self.number, "State": self.state}


def version_id(template_id: TemplateId, ulid: str) -> TemplateVersionId:
    return TemplateVersionId(f"{template_id}-{ulid}")


def full_version_id(template_id: TemplateId, given: str) -> TemplateVersionId:
    """Return the whole id of what may be given by its ULID alone."""
    if len(given) == ULID_LENGTH:
        return version_id(template_id, given)
    return TemplateVersionId(given)
