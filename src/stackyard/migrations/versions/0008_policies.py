"""Policies, and which stacks have them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0008"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "before"  # the new code: see adapters/postgres/migrate.py


def upgrade() -> None:
    op.create_table(
        "policies",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("space_id", sa.Text(), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "ACCESS",
                "APPROVAL",
                "GIT_PUSH",
                "INITIALIZATION",
                "INTENT",
                "LOGIN",
                "NOTIFICATION",
                "PLAN",
                "TASK",
                "TRIGGER",
                name="policytype",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "engine_type",
            sa.Enum(
                "REGO_V0", "REGO_V1", name="enginetype", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id"], ["spaces.id"], name=op.f("fk_policies_space_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
    )
    op.create_index("ix_policies_space_id", "policies", ["space_id"])
    op.create_index("uq_policies_name", "policies", ["name"], unique=True)
    op.create_table(
        "policy_attachments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("stack_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["policy_id"],
            ["policies.id"],
            name=op.f("fk_policy_attachments_policy_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["stack_id"],
            ["stacks.id"],
            name=op.f("fk_policy_attachments_stack_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_attachments")),
    )
    op.create_index(
        "uq_policy_attachments_policy_id_stack_id",
        "policy_attachments",
        ["policy_id", "stack_id"],
        unique=True,
    )
    op.create_index(
        "ix_policy_attachments_stack_id", "policy_attachments", ["stack_id"]
    )
