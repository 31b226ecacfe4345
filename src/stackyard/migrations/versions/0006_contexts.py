"""Contexts, what is in them, and which stacks have them

Numbered after 0005 and done before it: the half `after` stays the last.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "before"  # the new code: see adapters/postgres/migrate.py


def upgrade() -> None:
    op.create_table(
        "contexts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("space_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("hook_lists", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id"], ["spaces.id"], name=op.f("fk_contexts_space_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contexts")),
    )
    op.create_index("ix_contexts_space_id", "contexts", ["space_id"])
    op.create_index("uq_contexts_name", "contexts", ["name"], unique=True)
    op.create_table(
        "context_config",
        sa.Column("context_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "ENVIRONMENT_VARIABLE",
                "FILE_MOUNT",
                name="configtype",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("write_only", sa.Boolean(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("checksum", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(value IS NULL) = write_only AND (sealed IS NULL) <> write_only",
            name="ck_context_config_secret_is_sealed",
        ),
        sa.ForeignKeyConstraint(
            ["context_id"],
            ["contexts.id"],
            name=op.f("fk_context_config_context_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("context_id", "id", name=op.f("pk_context_config")),
    )
    op.create_table(
        "context_attachments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("context_id", sa.Text(), nullable=False),
        sa.Column("stack_id", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("priority >= 0", name="ck_context_attachments_priority"),
        sa.ForeignKeyConstraint(
            ["context_id"],
            ["contexts.id"],
            name=op.f("fk_context_attachments_context_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["stack_id"],
            ["stacks.id"],
            name=op.f("fk_context_attachments_stack_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_context_attachments")),
    )
    op.create_index(
        "uq_context_attachments_context_id_stack_id",
        "context_attachments",
        ["context_id", "stack_id"],
        unique=True,
    )
    op.create_index(
        "ix_context_attachments_stack_id", "context_attachments", ["stack_id"]
    )
