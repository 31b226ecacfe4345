"""Which stacks and modules have a cloud integration, and for what."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.clouds.model.integration import CloudIntegration
from stackyard.kernel.ids import AttachmentId, CloudId, StackId
from stackyard.kernel.orm import Entity


@dataclass(frozen=True, slots=True)
class Use:
    """What an attachment is for: to look, to change, or both; and, in Azure, where."""

    read: bool = True
    write: bool = True
    subscription_id: str | None = None


class CloudAttachment(Entity):
    """Somebody's word that a stack or a module has an integration."""

    __tablename__ = "cloud_attachments"
    __table_args__ = (
        Index(
            "uq_cloud_attachments_integration_id_stack_id",
            "integration_id",
            "stack_id",
            unique=True,
        ),
        Index("ix_cloud_attachments_stack_id", "stack_id"),
    )

    id: Mapped[AttachmentId] = mapped_column(primary_key=True)
    # no cascade: what is in use is not deleted
    integration_id: Mapped[CloudId] = mapped_column(ForeignKey(CloudIntegration.id))
    stack_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE")
    )
    read: Mapped[bool]
    write: Mapped[bool]
    subscription_id: Mapped[str | None]
    created_at: Mapped[datetime]

    def change(self, use: Use) -> None:
        self.read, self.write = use.read, use.write
        self.subscription_id = use.subscription_id or None


@dataclass(frozen=True, slots=True)
class AttachedCloud:
    """An integration as one project has it; *attachment* None: it attached itself."""

    integration_id: CloudId
    stack_id: StackId  # or a module's
    stack_name: str
    is_module: bool
    attachment: CloudAttachment | None = None

    @property
    def id(self) -> str:
        if self.attachment is None:
            return f"{self.integration_id}/{self.stack_id}"
        return self.attachment.id

    @property
    def read(self) -> bool:
        return self.attachment is None or self.attachment.read

    @property
    def write(self) -> bool:
        return self.attachment is None or self.attachment.write

    @property
    def subscription_id(self) -> str | None:
        return self.attachment.subscription_id if self.attachment else None

    @property
    def is_autoattached(self) -> bool:
        return self.attachment is None
