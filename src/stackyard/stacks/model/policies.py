"""Which policies a stack has: those that were attached, and that attach themselves."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.ids import AttachmentId, PolicyId, StackId
from stackyard.kernel.orm import Entity
from stackyard.policies import Policy, PolicyType


class PolicyAttachment(Entity):
    """Somebody's word that a stack has a policy."""

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
    """A policy as one stack has it, by whatever way."""

    policy: Policy
    stack_id: StackId

    @property
    def policy_id(self) -> PolicyId:
        return self.policy.id

    @property
    def policy_name(self) -> str:
        return self.policy.name

    @property
    def policy_type(self) -> PolicyType:
        return self.policy.type


@dataclass(frozen=True, slots=True)
class PolicyUse:
    """An attachment as clients see it."""

    id: AttachmentId
    stack_id: StackId
    is_module: bool = False  # modules cannot run so far


@dataclass(frozen=True, slots=True)
class PolicyCounts:
    """How many have a policy."""

    stacks: int = 0
    modules: int = 0
