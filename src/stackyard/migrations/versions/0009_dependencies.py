"""Which stack depends on which, and what it is given by the other"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "before"  # the new code: see adapters/postgres/migrate.py


def upgrade() -> None:
    op.create_table(
        "stack_dependencies",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("stack_id", sa.Text(), nullable=False),
        sa.Column("depends_on_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "stack_id <> depends_on_id", name="ck_stack_dependencies_not_itself"
        ),
        sa.ForeignKeyConstraint(
            ["stack_id"],
            ["stacks.id"],
            name=op.f("fk_stack_dependencies_stack_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["depends_on_id"],
            ["stacks.id"],
            name=op.f("fk_stack_dependencies_depends_on_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stack_dependencies")),
    )
    op.create_index(
        "uq_stack_dependencies_stack_id_depends_on_id",
        "stack_dependencies",
        ["stack_id", "depends_on_id"],
        unique=True,
    )
    op.create_index(
        "ix_stack_dependencies_depends_on_id", "stack_dependencies", ["depends_on_id"]
    )
    op.create_table(
        "stack_dependency_references",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("dependency_id", sa.Text(), nullable=False),
        sa.Column("output_name", sa.Text(), nullable=False),
        sa.Column("input_name", sa.Text(), nullable=False),
        sa.Column("trigger_always", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["dependency_id"],
            ["stack_dependencies.id"],
            name=op.f("fk_stack_dependency_references_dependency_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stack_dependency_references")),
    )
    op.create_index(
        "uq_stack_dependency_references_dependency_id_input_name",
        "stack_dependency_references",
        ["dependency_id", "input_name"],
        unique=True,
    )
    op.create_table(
        "run_waits",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("upstream_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.id"],
            name=op.f("fk_run_waits_run_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["upstream_id"],
            ["runs.id"],
            name=op.f("fk_run_waits_upstream_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", "upstream_id", name=op.f("pk_run_waits")),
    )
    op.create_index("ix_run_waits_upstream_id", "run_waits", ["upstream_id"])
    op.add_column(
        "runs",
        sa.Column(
            "awaits_upstream",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
        ),
    )
    op.add_column("runs", sa.Column("changed_outputs", postgresql.ARRAY(sa.Text())))
