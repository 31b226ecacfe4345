"""What is asked of runs costs the same however many there have been"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "before"  # the new code: see adapters/postgres/migrate.py


def upgrade() -> None:
    # Aside, since every run writes to these tables; each may be tried again.
    with op.get_context().autocommit_block():
        _make(
            "ix_runs_unfinished",
            "runs",
            ["stack_id", "id"],
            where=(
                "state NOT IN ('CANCELED', 'DISCARDED', 'FAILED', 'FINISHED',"
                " 'SKIPPED', 'STOPPED')"
            ),
        )
        _make("ix_runs_commit", "runs", ["stack_id", sa.text("(commit ->> 'hash')")])
        _make("ix_run_legs_ended_at", "run_legs", ["ended_at"])


def _make(
    name: str, table: str, columns: list[str | sa.TextClause], where: str | None = None
) -> None:
    op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
    op.create_index(
        name,
        table,
        columns,
        postgresql_where=sa.text(where) if where else None,
        postgresql_concurrently=True,
    )
