"""The webhooks of one stack or module: told of everything that its runs do."""

from datetime import datetime
from typing import Any, Self

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import StackId, WebhookId, new_ulid
from stackyard.kernel.orm import Entity
from stackyard.kernel.secrets import Vault
from stackyard.webhooks.model.settings import HookFields, HookSettings


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

    @classmethod
    def create(cls, stack_id: StackId, *, at: datetime) -> Self:
        made = cls(id=WebhookId(new_ulid()), stack_id=stack_id, created_at=at)
        made.secret = None
        return made

    def change(self, settings: HookSettings, vault: Vault, *, at: datetime) -> None:
        self.take(settings, vault, row=f"stack_webhooks/{self.id}")
        self.updated_at = at

    def facts(self) -> dict[str, Any]:
        """Return what the audit trail keeps of it."""
        return {"ID": self.id, "Enabled": self.enabled}
