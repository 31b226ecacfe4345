"""Ways into clouds, and which stacks and modules have them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "before"  # the new code: see adapters/postgres/migrate.py


def upgrade() -> None:
    op.create_table(
        "cloud_integrations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column(
            "cloud",
            sa.Enum("AWS", "Azure", name="cloud", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("space_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("autoattach_enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id"], ["spaces.id"], name=op.f("fk_cloud_integrations_space_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cloud_integrations")),
    )
    op.create_index(
        "ix_cloud_integrations_space_id", "cloud_integrations", ["space_id"]
    )
    op.create_index(
        "uq_cloud_integrations_cloud_name",
        "cloud_integrations",
        ["cloud", "name"],
        unique=True,
    )
    _one_cloud(
        "aws_integrations",
        sa.Column("role_arn", sa.Text(), nullable=False),
        sa.Column("generate_credentials_in_worker", sa.Boolean(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("tag_assume_role", sa.Boolean(), nullable=False),
    )
    _one_cloud(
        "azure_integrations",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("default_subscription_id", sa.Text(), nullable=True),
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
    )
    op.create_table(
        "cloud_attachments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("integration_id", sa.Text(), nullable=False),
        sa.Column("stack_id", sa.Text(), nullable=False),
        sa.Column("read", sa.Boolean(), nullable=False),
        sa.Column("write", sa.Boolean(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["integration_id"],
            ["cloud_integrations.id"],
            name=op.f("fk_cloud_attachments_integration_id"),
        ),
        sa.ForeignKeyConstraint(
            ["stack_id"],
            ["stacks.id"],
            name=op.f("fk_cloud_attachments_stack_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cloud_attachments")),
    )
    op.create_index(
        "uq_cloud_attachments_integration_id_stack_id",
        "cloud_attachments",
        ["integration_id", "stack_id"],
        unique=True,
    )
    op.create_index("ix_cloud_attachments_stack_id", "cloud_attachments", ["stack_id"])
    _of_one_project(
        "stack_aws_roles",
        sa.Column("role_arn", sa.Text(), nullable=False),
        sa.Column("generate_credentials_in_worker", sa.Boolean(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("region", sa.Text(), nullable=True),
    )
    _of_one_project(
        "stack_gcp_accounts",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("token_scopes", postgresql.ARRAY(sa.Text()), nullable=False),
    )


def _one_cloud(name: str, *columns: "sa.Column[object]") -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Text(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["id"],
            ["cloud_integrations.id"],
            name=op.f(f"fk_{name}_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )


def _of_one_project(name: str, *columns: "sa.Column[object]") -> None:
    op.create_table(
        name,
        sa.Column("stack_id", sa.Text(), nullable=False),
        *columns,
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["stack_id"],
            ["stacks.id"],
            name=op.f(f"fk_{name}_stack_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("stack_id", name=op.f(f"pk_{name}")),
    )
