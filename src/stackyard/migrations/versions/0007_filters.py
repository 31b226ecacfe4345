"""Saved filters, and the account's default runner images"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "before"  # the new code: see adapters/postgres/migrate.py


def upgrade() -> None:
    op.create_table(
        "saved_filters",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "stacks",
                "blueprints",
                "contexts",
                "webhooks",
                name="filtertype",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filters")),
    )
    op.create_index("ix_saved_filters_owner", "saved_filters", ["owner"])
    op.add_column("account", sa.Column("private_runner_image", sa.Text()))
    op.add_column("account", sa.Column("public_runner_image", sa.Text()))
