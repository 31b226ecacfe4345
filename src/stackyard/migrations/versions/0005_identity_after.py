"""What only the release before people and roles needed"""

from collections.abc import Sequence

from alembic import op

revision: str = "0005"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "after"  # the previous release is gone: see adapters/postgres/migrate.py


def upgrade() -> None:
    op.drop_table("browser_sessions")
    op.drop_column("api_keys", "admin")
    for column in ("type", "claim_mapping", "teams", "generation"):
        op.alter_column("api_keys", column, server_default=None)
