"""A stack's own environment variables and mounted files."""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from stackyard.kernel.config import SEALED_IF_WRITE_ONLY, ConfigFields
from stackyard.kernel.ids import StackId
from stackyard.kernel.orm import Entity


class ConfigElement(ConfigFields, Entity):
    __tablename__ = "stack_config"
    __table_args__ = (
        CheckConstraint(SEALED_IF_WRITE_ONLY, name="ck_stack_config_secret_is_sealed"),
    )

    stack_id: Mapped[StackId] = mapped_column(
        ForeignKey("stacks.id", ondelete="CASCADE"), primary_key=True, sort_order=-1
    )
