"""The webhooks of one stack or module: told of everything that its runs do.

One that keeps failing is switched off, so that nobody who left is called for ever.
"""

from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import StackId, WebhookId, new_ulid
from stackyard.kernel.orm import Entity
from stackyard.kernel.secrets import Vault
from stackyard.webhooks.model.settings import HookFields, HookSettings

MOST_FAILURES: Final = 10  # in a row


class StackWebhook(HookFields, Entity):
    __tablename__ = "stack_webhooks"
    __table_args__ = (
        Index(
            "uq_stack_webhooks_stack_id_endpoint", "stack_id", "endpoint", unique=True
        ),
    )

    id: Mapped[WebhookId] = mapped_column(primary_key=True, sort_order=-2)
    stack_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE"), sort_order=-1
    )
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    failures: Mapped[int]  # deliveries in a row that were given up
    paused_until: Mapped[datetime | None]

    @classmethod
    def create(cls, stack_id: StackId, *, at: datetime) -> Self:
        made = cls(id=WebhookId(new_ulid()), stack_id=stack_id, created_at=at)
        made.secret = None
        return made

    def change(self, settings: HookSettings, vault: Vault, *, at: datetime) -> None:
        self.take(settings, vault, row=self._row)
        self.updated_at = at
        self.answered()

    def clear_secret(self, vault: Vault) -> bytes:
        return self.clear(vault, row=self._row)

    @property
    def _row(self) -> str:
        return f"stack_webhooks/{self.id}"

    def answered(self) -> None:
        self.failures, self.paused_until = 0, None

    def gave_up(self) -> None:
        self.failures += 1
        if self.failures >= MOST_FAILURES:
            self.enabled = False

    def facts(self) -> dict[str, Any]:
        """Return what the audit trail keeps of it."""
        return {"ID": self.id, "Enabled": self.enabled, "Failures": self.failures}
