"""A webhook with a name: told of what a notification policy picks out for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from stackyard.kernel.ids import SpaceId, WebhookId, slugify
from stackyard.kernel.orm import Entity
from stackyard.kernel.secrets import Sealed, Vault
from stackyard.kernel.text import label_problems, storable
from stackyard.kernel.webhooks import MOST_HEADERS, header_problems
from stackyard.webhooks.errors import HookProblemsError
from stackyard.webhooks.model.settings import HookFields, HookSettings

LONGEST_NAME: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSettings(HookSettings):
    name: str
    space_id: SpaceId
    labels: tuple[str, ...] = ()

    def problems(self) -> list[str]:
        """Return everything that is wrong with it."""
        if not all(storable(text) for text in (self.name, *self.labels)):
            return ["a webhook is described by text without NUL characters"]
        found = HookSettings.problems(self)
        if not slugify(self.name):
            found.append("name: must have a letter a-z or a digit")
        if len(self.name) > LONGEST_NAME:
            found.append(f"name: at most {LONGEST_NAME} characters")
        found += label_problems(self.labels)
        return found


class NamedWebhook(HookFields, Entity):
    """Its id comes from its name, and never changes: policies send to it by that."""

    __tablename__ = "named_webhooks"
    __table_args__ = (Index("ix_named_webhooks_space_id", "space_id"),)

    id: Mapped[WebhookId] = mapped_column(primary_key=True, sort_order=-1)
    space_id: Mapped[SpaceId] = mapped_column(ForeignKey("spaces.id"))
    name: Mapped[str]
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @classmethod
    def create(cls, name: str, *, at: datetime) -> Self:
        made = cls(id=WebhookId(slugify(name)), created_at=at)
        made.secret = None
        return made

    def change(self, settings: NamedSettings, vault: Vault, *, at: datetime) -> None:
        self.take(settings, vault, row=f"named_webhooks/{self.id}")
        self.space_id = settings.space_id
        self.name = settings.name
        self.labels = list(settings.labels)
        self.updated_at = at

    def facts(self) -> dict[str, Any]:
        """Return what the audit trail keeps of it."""
        return {"ID": self.id, "Name": self.name, "Enabled": self.enabled}


class SecretHeader(Entity):
    """One header that a webhook carries. Who asks is told its name alone."""

    __tablename__ = "named_webhook_headers"

    webhook_id: Mapped[WebhookId] = mapped_column(
        ForeignKey("named_webhooks.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Sealed] = mapped_column(LargeBinary)

    @classmethod
    def create(cls, webhook_id: WebhookId, name: str, value: str, vault: Vault) -> Self:
        row = f"named_webhook_headers/{webhook_id}/{name}"
        sealed = vault.seal(value.encode(), context=row)
        return cls(webhook_id=webhook_id, name=name, value=sealed)


def ensure_headers(wanted: Mapping[str, str], *, beside: set[str]) -> None:
    """Raise `HookProblemsError` unless these can be sent *beside* those that are."""
    problems = [
        problem
        for name, value in wanted.items()
        for problem in header_problems(name, value)
    ]
    if len(beside | wanted.keys()) > MOST_HEADERS:
        problems.append(f"there are more than {MOST_HEADERS} custom headers")
    if problems:
        raise HookProblemsError(*problems)
