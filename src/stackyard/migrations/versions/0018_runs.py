"""Reviews of runs, targeted plans, previews of local workspaces, and who made what"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "before"  # the new code: see adapters/postgres/migrate.py


INDEX = "ix_runs_waiting_for_worker"


def upgrade() -> None:
    # Aside, since every run writes to this table; and first, since what comes before
    # would be committed, and be there already when this has to be tried again.
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, "runs", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            INDEX,
            "runs",
            ["pool_id", "state"],
            postgresql_where=sa.text(
                "state IN ('READY', 'REPLAN_REQUESTED', 'CONFIRMED')"
            ),
            postgresql_concurrently=True,
        )
    op.drop_index("ix_runs_waiting", "runs", if_exists=True)
    op.create_table(
        "run_reviews",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("state_version", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(32), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.id"],
            name=op.f("fk_run_reviews_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_reviews")),
    )
    op.create_index("ix_run_reviews_run_id", "run_reviews", ["run_id", "id"])
    op.add_column(
        "runs",
        sa.Column(
            "targets",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.add_column("runs", sa.Column("local_workspace", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("local_sha256", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("overrides", sa.LargeBinary(), nullable=True))
    op.add_column(
        "stack_outputs",
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
    )
    op.add_column(
        "stack_resources",
        sa.Column("tainted", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column(
        "stack_resources",
        sa.Column("attributes", sa.Text(), server_default="{}", nullable=False),
    )
    for table in ("stack_outputs", "stack_resources"):
        op.add_column(table, sa.Column("creator_id", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("updater_id", sa.Text(), nullable=True))
