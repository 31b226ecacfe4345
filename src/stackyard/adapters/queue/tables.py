"""Two tables. No function, no trigger: a migration carries them as they are.

There is no table of groups. Whether a group is free is read off its messages, under an
advisory lock of the group, which lives as long as the transaction: so sending never
waits for another sender, nothing is left behind by groups that come and go, and it
works through a pooler.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.orm import Entity

_NOW = func.clock_timestamp()

# Every message is inserted, updated and deleted: clean up early and often, or the table
# grows with what has passed through it rather than with what it holds.
_BUSY = {
    "postgresql_with": {
        "fillfactor": "70",
        "autovacuum_vacuum_scale_factor": "0",
        "autovacuum_vacuum_threshold": "2000",
        "autovacuum_vacuum_insert_scale_factor": "0",
        "autovacuum_vacuum_insert_threshold": "100000",
        "autovacuum_analyze_scale_factor": "0",
        "autovacuum_analyze_threshold": "20000",
        "autovacuum_vacuum_cost_delay": "0",
    }
}


class QueueMessage(Entity):
    """A message, or a dead letter, which knows where it came from and why.

    Hidden while `visible_at` lies ahead. `due_at` is when it joins the queue; it never
    changes, but a dead letter that was looked at is never due again.
    """

    __tablename__ = "message_queue_messages"
    __table_args__ = (
        Index("ix_message_queue_messages_visible", "queue", "visible_at", "id"),
        Index(
            "ix_message_queue_messages_order",
            "queue",
            "message_group",
            "id",
            postgresql_where=text("message_group IS NOT NULL"),
        ),
        Index(
            "ix_message_queue_messages_in_flight",
            "queue",
            "message_group",
            "visible_at",
            postgresql_where=text("message_group IS NOT NULL AND receipt IS NOT NULL"),
        ),
        _BUSY,
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    queue: Mapped[str]
    message_group: Mapped[str | None]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    visible_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    due_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    sent_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    receives: Mapped[int] = mapped_column(server_default="0")
    returns: Mapped[int] = mapped_column(server_default="0")
    receipt: Mapped[UUID | None]
    dead_from: Mapped[str | None]
    dead_reason: Mapped[str | None]
    dead_at: Mapped[datetime | None]


class QueueDeduplication(Entity):
    """What was sent in the last minutes. `scope` is the group of a FIFO message."""

    __tablename__ = "message_queue_deduplications"
    __table_args__ = (
        Index("ix_message_queue_deduplications_expires_at", "expires_at"),
        _BUSY,
    )

    queue: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    deduplication: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]
