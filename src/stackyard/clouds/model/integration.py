"""What any cloud integration is: a name, a space, labels, and who has it."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, Self

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from stackyard.clouds.errors import CloudProblemsError
from stackyard.kernel.audit import Resource, ResourceType
from stackyard.kernel.ids import CloudId, SpaceId, new_ulid
from stackyard.kernel.orm import Entity
from stackyard.kernel.text import label_problems, storable

LONGEST_NAME: Final = 256


class Cloud(StrEnum):
    AWS = "AWS"
    AZURE = "Azure"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudSpec:
    """All that somebody wants of any. *space_id* None: where it is.

    A field that a cloud adds has the name of its column.
    """

    name: str
    labels: tuple[str, ...] = ()
    autoattach_enabled: bool = False
    space_id: SpaceId | None = None

    def texts(self) -> Iterator[str]:
        for one in fields(self):
            value = getattr(self, one.name)
            yield from (value if isinstance(value, tuple) else [str(value or "")])

    def problems(self) -> list[str]:
        """Return everything that is wrong with it."""
        if not all(storable(text) for text in self.texts()):
            return ["an integration is described by text without NUL characters"]
        found = []
        if not self.name.strip():
            found.append("name: must not be empty")
        if len(self.name) > LONGEST_NAME:
            found.append(f"name: at most {LONGEST_NAME} characters")
        found += label_problems(self.labels)
        return found


class CloudIntegration(Entity):
    """With its labels it attaches itself only if *autoattach_enabled* says so."""

    __tablename__ = "cloud_integrations"
    __table_args__ = (
        Index("ix_cloud_integrations_space_id", "space_id"),
        Index("uq_cloud_integrations_cloud_name", "cloud", "name", unique=True),
    )
    __mapper_args__ = {"polymorphic_on": "cloud"}  # noqa: RUF012 - SQLAlchemy reads it as written
    resource_type: ClassVar[ResourceType]

    id: Mapped[CloudId] = mapped_column(primary_key=True)
    cloud: Mapped[Cloud]
    space_id: Mapped[SpaceId] = mapped_column(ForeignKey("spaces.id"))
    name: Mapped[str]
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    autoattach_enabled: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @classmethod
    def create(
        cls, spec: CloudSpec, *, space_id: SpaceId, account: str, at: datetime
    ) -> Self:
        """Return a new one, of what is the *account* of this installation."""
        made = cls(id=CloudId(new_ulid()), created_at=at)
        made.change(spec, space_id=space_id, at=at)
        made.register(account)
        return made

    def register(self, account: str) -> None:
        """Make up what the cloud will know us by, where it is not said by others."""

    def change(self, spec: CloudSpec, *, space_id: SpaceId, at: datetime) -> None:
        """Make all settings what *spec* says, or raise `CloudProblemsError`."""
        problems = spec.problems()
        if problems:
            raise CloudProblemsError(*problems)
        for one in fields(spec):
            value = getattr(spec, one.name)
            setattr(self, one.name, list(value) if isinstance(value, tuple) else value)
        self.space_id = space_id
        self.updated_at = at

    def resource(self) -> Resource:
        """Return what the audit trail calls it."""
        return Resource(self.resource_type, self.id)

    def facts(self) -> dict[str, Any]:
        """Return what the audit trail keeps of it."""
        return {"ID": self.id, "Name": self.name}
