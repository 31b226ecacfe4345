"""Runs of modules' test cases, and of which version each is a test"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "before"  # the new code: see adapters/postgres/migrate.py


def upgrade() -> None:
    op.add_column("runs", sa.Column("case_name", sa.Text(), nullable=True))
    op.add_column(
        "runs",
        sa.Column(
            "expects_failure", sa.Boolean(), server_default=sa.false(), nullable=False
        ),
    )
    op.create_table(
        "module_case_runs",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.id"],
            name=op.f("fk_module_case_runs_run_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["module_versions.id"],
            name=op.f("fk_module_case_runs_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_module_case_runs")),
    )
    op.create_index(
        "ix_module_case_runs_version_id", "module_case_runs", ["version_id"]
    )
