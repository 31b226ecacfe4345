"""Versions of modules, with whom modules are shared, and which stacks use them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "before"  # the new code: see adapters/postgres/migrate.py


def upgrade() -> None:
    op.create_table(
        "module_versions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("module_id", sa.Text(), nullable=False),
        sa.Column("major", sa.Integer(), nullable=False),
        sa.Column("minor", sa.Integer(), nullable=False),
        sa.Column("patch", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "PENDING",
                "ACTIVE",
                "FAILED",
                name="versionstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("yanked", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("repo_id", sa.Text(), nullable=True),
        sa.Column("project_root", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("commit", postgresql.JSONB(), nullable=False),
        sa.Column("described", postgresql.JSONB(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["module_id"],
            ["stacks.id"],
            name=op.f("fk_module_versions_module_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_module_versions")),
    )
    op.create_index(
        "uq_module_versions_number",
        "module_versions",
        ["module_id", "major", "minor", "patch"],
        unique=True,
        postgresql_where=sa.text("state <> 'FAILED'"),
    )
    op.create_index(
        "ix_module_versions_module_id_id", "module_versions", ["module_id", "id"]
    )
    op.create_table(
        "module_shares",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("module_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("space_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["module_id"],
            ["stacks.id"],
            name=op.f("fk_module_shares_module_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["space_id"],
            ["spaces.id"],
            name=op.f("fk_module_shares_space_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_module_shares")),
    )
    op.create_index("ix_module_shares_module_id", "module_shares", ["module_id"])
    op.create_index("ix_module_shares_space_id", "module_shares", ["space_id"])
    op.create_table(
        "module_uses",
        sa.Column("stack_id", sa.Text(), nullable=False),
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stack_id"],
            ["stacks.id"],
            name=op.f("fk_module_uses_stack_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["module_versions.id"],
            name=op.f("fk_module_uses_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("stack_id", "version_id", name=op.f("pk_module_uses")),
    )
    op.create_index("ix_module_uses_version_id", "module_uses", ["version_id"])
