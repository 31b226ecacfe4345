"""A Terraform provider of one's own, `<host>/<account>/<type>`."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from stackyard.kernel.ids import ProviderId, SpaceId
from stackyard.kernel.orm import Entity
from stackyard.kernel.text import storable
from stackyard.registry.providers.errors import ProviderProblemsError

# What Terraform takes for a type; clients' own tests have digits in it.
_TYPE: Final = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
LONGEST_TYPE: Final = 64


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """All that can be said anew of a provider. It is open to all by `public` alone."""

    space_id: SpaceId
    description: str | None = None
    labels: tuple[str, ...] = ()


class TerraformProvider(Entity):
    __tablename__ = "terraform_providers"
    __table_args__ = (Index("ix_terraform_providers_space_id", "space_id"),)

    id: Mapped[ProviderId] = mapped_column(primary_key=True)  # its type
    space_id: Mapped[SpaceId] = mapped_column(ForeignKey("spaces.id"))
    description: Mapped[str | None]
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    public: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @classmethod
    def create(cls, kind: str, spec: ProviderSpec, *, at: datetime) -> Self:
        if not _TYPE.fullmatch(kind) or len(kind) > LONGEST_TYPE:
            raise ProviderProblemsError(
                f"type: lower-case letters, digits and single - or _ between them,"
                f" at most {LONGEST_TYPE}"
            )
        provider = cls(id=ProviderId(kind), public=False, created_at=at)
        provider.change(spec, at=at)
        return provider

    def change(self, spec: ProviderSpec, *, at: datetime) -> None:
        """Be what *spec* says, or raise `ProviderProblemsError`."""
        if not all(map(storable, (spec.description or "", *spec.labels))):
            raise ProviderProblemsError(
                "a provider is described without NUL characters"
            )
        if not all(label.strip() for label in spec.labels):
            raise ProviderProblemsError("labels: a label must not be empty")
        self.space_id = spec.space_id
        self.description = spec.description
        self.labels = list(spec.labels)
        self.updated_at = at

    def show(self, *, public: bool, at: datetime) -> None:
        self.public = public
        self.updated_at = at

    def facts(self) -> dict[str, Any]:
        """Return what the audit trail keeps of it."""
        return {"ID": self.id, "Public": self.public}
