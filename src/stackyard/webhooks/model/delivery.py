"""What is on its way to the webhooks of stacks and modules."""

from datetime import datetime
from typing import Final, Self

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.deliveries import DeliveryFields, DeliveryState, pause_after
from stackyard.kernel.ids import WebhookId, new_ulid
from stackyard.kernel.orm import Entity
from stackyard.kernel.outbound import Posted
from stackyard.webhooks.model.own import StackWebhook

MOST_TRIES: Final = 4  # the first, and three more
_FAULT_IS_THEIRS: Final = 500


class HookDelivery(DeliveryFields, Entity):
    """About a run and the version of its state."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index(
            "uq_webhook_deliveries_webhook_id_about",
            "webhook_id",
            "about",
            unique=True,
        ),
        Index("ix_webhook_deliveries_state_due_at", "state", "due_at"),
        Index("ix_webhook_deliveries_ended_at", "ended_at"),
    )

    webhook_id: Mapped[WebhookId] = mapped_column(
        ForeignKey(StackWebhook.id, ondelete="CASCADE")
    )

    @classmethod
    def of(cls, webhook: StackWebhook, about: str, body: str, *, at: datetime) -> Self:
        return cls(
            id=new_ulid(),
            webhook_id=webhook.id,
            about=about,
            body=body,
            state=DeliveryState.WAITING,
            created_at=at,
            due_at=at,
            attempts=0,
        )

    def settle(self, webhook: StackWebhook, posted: Posted, *, at: datetime) -> None:
        """Note what became of a try, and what that means for the webhook.

        What failed is tried again if the webhook says so, and the fault may pass.
        """
        if posted.accepted and posted.status is not None:
            self.answered(posted.status, at=at)
            webhook.answered()
            return
        tries = self.attempts + 1
        webhook.paused_until = at + pause_after(webhook.failures + tries)
        may_pass = posted.status is None or posted.status >= _FAULT_IS_THEIRS
        again = webhook.retry_on_failure and may_pass and tries < MOST_TRIES
        self.failed(
            posted.status,
            posted.said,
            again_at=webhook.paused_until if again else None,
            at=at,
        )
        if self.state is DeliveryState.FAILED:
            webhook.gave_up()
