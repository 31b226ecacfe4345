"""A row of stacks is a project: a stack, or a module of the registry

What the previous release writes there stays a stack.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "before"  # the new code: see adapters/postgres/migrate.py


def upgrade() -> None:
    op.add_column(
        "stacks",
        sa.Column(
            "kind",
            sa.Enum(
                "stack", "module", name="projectkind", native_enum=False, length=32
            ),
            server_default="stack",
            nullable=False,
        ),
    )
    op.add_column("stacks", sa.Column("terraform_provider", sa.Text(), nullable=True))
    op.add_column("stacks", sa.Column("public", sa.Boolean(), nullable=True))
    op.create_check_constraint(
        "ck_stacks_module_is_whole",
        "stacks",
        "(kind = 'module') = (terraform_provider IS NOT NULL)"
        " AND (kind = 'module') = (public IS NOT NULL)",
    )
