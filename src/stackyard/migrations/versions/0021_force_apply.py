"""Whether a run was confirmed when it was triggered"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "before"  # the new code: see adapters/postgres/migrate.py


def upgrade() -> None:
    op.add_column(
        "runs",
        sa.Column(
            "force_apply", sa.Boolean(), server_default=sa.false(), nullable=False
        ),
    )
