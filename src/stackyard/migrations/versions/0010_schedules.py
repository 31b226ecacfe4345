"""What stacks do by themselves, and which runs came of looking for drift"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "before"  # the new code: see adapters/postgres/migrate.py


def upgrade() -> None:
    op.create_table(
        "schedules",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("stack_id", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "RUN",
                "TASK",
                "DELETE",
                "DRIFT_DETECTION",
                name="schedulekind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("cron", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("errand", postgresql.JSONB(), nullable=False),
        sa.Column("next_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("seen_to", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(cardinality(cron) = 0) = (at IS NOT NULL)",
            name="ck_schedules_cron_or_once",
        ),
        sa.ForeignKeyConstraint(
            ["stack_id"],
            ["stacks.id"],
            name=op.f("fk_schedules_stack_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
    )
    op.create_index("ix_schedules_stack_id", "schedules", ["stack_id"])
    op.create_index(
        "ix_schedules_next_at",
        "schedules",
        ["next_at"],
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index(
        "uq_schedules_drift_detection",
        "schedules",
        ["stack_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'DRIFT_DETECTION'"),
    )
    op.add_column(
        "runs",
        sa.Column(
            "drift_detection",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
        ),
    )
    op.add_column("runs", sa.Column("runtime_config", postgresql.JSONB()))
