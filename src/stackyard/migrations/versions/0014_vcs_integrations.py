"""Links to git servers, pools of agents that reach them, and what stacks use of them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "before"  # the new code: see adapters/postgres/migrate.py


def upgrade() -> None:
    op.create_table(
        "vcs_integrations",
        sa.Column(
            "kind",
            sa.Enum(
                "AZURE_DEVOPS",
                "BITBUCKET_CLOUD",
                "BITBUCKET_DATACENTER",
                "GITHUB_ENTERPRISE",
                "GITLAB",
                name="integrationkind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("space_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "vcs_checks",
            sa.Enum(
                "INDIVIDUAL",
                "AGGREGATED",
                "ALL",
                name="vcschecks",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("use_git_checkout", sa.Boolean(), nullable=False),
        sa.Column("api_host", sa.Text(), nullable=False),
        sa.Column("user_facing_host", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("accessible_projects", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("webhook_secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "NOT is_default OR space_id = 'root'",
            name="ck_vcs_integrations_default_is_in_root",
        ),
        sa.ForeignKeyConstraint(
            ["space_id"], ["spaces.id"], name=op.f("fk_vcs_integrations_space_id")
        ),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("pk_vcs_integrations")),
    )
    op.create_index("ix_vcs_integrations_space_id", "vcs_integrations", ["space_id"])
    op.create_index(
        "uq_vcs_integrations_default",
        "vcs_integrations",
        ["kind"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "vcs_agent_pools",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vcs_agent_pools")),
    )
    op.create_index("uq_vcs_agent_pools_name", "vcs_agent_pools", ["name"], unique=True)
    op.add_column("stacks", sa.Column("linked_integration_id", sa.Text()))
    op.create_index(
        "ix_stacks_provider_linked_integration_id",
        "stacks",
        ["provider", "linked_integration_id"],
    )
    op.create_foreign_key(
        "fk_stacks_provider_linked_integration_id",
        "stacks",
        "vcs_integrations",
        ["provider", "linked_integration_id"],
        ["kind", "id"],
    )
