"""Which policies a project has: by somebody's word, or by its labels."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import AttachmentId, PolicyId, StackId
from stackyard.kernel.orm import Entity
from stackyard.policies import PolicyType


class PolicyAttachment(Entity):
    """Somebody's word that a project has a policy."""

    __tablename__ = "policy_attachments"
    __table_args__ = (
        Index(
            "uq_policy_attachments_policy_id_stack_id",
            "policy_id",
            "stack_id",
            unique=True,
        ),
        Index("ix_policy_attachments_stack_id", "stack_id"),
    )

    id: Mapped[AttachmentId] = mapped_column(primary_key=True)
    policy_id: Mapped[PolicyId] = mapped_column(
        ForeignKey("policies.id", ondelete="CASCADE")
    )
    stack_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE")
    )
    created_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class AttachedPolicy:
    """A policy as one project has it; *attachment_id* None: it attached itself."""

    policy_id: PolicyId
    policy_name: str
    policy_type: PolicyType
    stack_id: StackId  # or a module's
    stack_name: str
    attachment_id: AttachmentId | None
    is_module: bool = False

    @property
    def id(self) -> str:
        return self.attachment_id or f"{self.policy_id}/{self.stack_id}"

    @property
    def is_autoattached(self) -> bool:
        return self.attachment_id is None


@dataclass(frozen=True, slots=True)
class PolicyCounts:
    """How many have a policy."""

    stacks: int = 0
    modules: int = 0
