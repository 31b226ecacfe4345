"""Cursors: what of other people's pushes, and our own, has been acted on"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "before"  # the new code: see adapters/postgres/migrate.py


def upgrade() -> None:
    op.create_table(
        "repository_unheard_updates",
        sa.Column("repo_id", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("pusher", sa.Text(), nullable=False),
        sa.Column("moved_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["repo_id"],
            ["repositories.id"],
            name=op.f("fk_repository_unheard_updates_repo_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "repo_id", "ref", name=op.f("pk_repository_unheard_updates")
        ),
    )
    op.create_index(
        op.f("ix_repository_unheard_updates_due_at"),
        "repository_unheard_updates",
        ["due_at"],
        unique=False,
    )
    op.create_table(
        "follow_pulse",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("beat_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_pulse")),
    )
    op.create_table(
        "followed_remotes",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("checked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_followed_remotes")),
    )
    op.create_index(
        op.f("ix_followed_remotes_due_at"), "followed_remotes", ["due_at"], unique=False
    )
    op.create_table(
        "stack_cursors",
        sa.Column("stack_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["stack_id"],
            ["stacks.id"],
            name=op.f("fk_stack_cursors_stack_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["url"],
            ["followed_remotes.url"],
            name=op.f("fk_stack_cursors_url"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("stack_id", name=op.f("pk_stack_cursors")),
    )
    op.create_index(
        op.f("ix_stack_cursors_url"), "stack_cursors", ["url"], unique=False
    )
