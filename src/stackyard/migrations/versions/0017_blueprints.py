"""Blueprints, templates with their versions, and what is deployed of them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "before"  # the new code: see adapters/postgres/migrate.py


def upgrade() -> None:
    op.create_table(
        "blueprints",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("ulid", sa.Text(), nullable=False),
        sa.Column("space_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "DRAFT",
                "PUBLISHED",
                name="publication",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("inputs", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("published_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'PUBLISHED') = (published_at IS NOT NULL)",
            name="ck_blueprints_published_at",
        ),
        sa.ForeignKeyConstraint(
            ["space_id"], ["spaces.id"], name=op.f("fk_blueprints_space_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blueprints")),
    )
    op.create_index("ix_blueprints_space_id", "blueprints", ["space_id"])
    op.create_index("ix_blueprints_name_id", "blueprints", ["name", "id"])
    op.create_table(
        "templates",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("ulid", sa.Text(), nullable=False),
        sa.Column("space_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id"], ["spaces.id"], name=op.f("fk_templates_space_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_templates")),
    )
    op.create_index("ix_templates_name_id", "templates", ["name", "id"])
    op.create_index(
        "uq_templates_space_id_name", "templates", ["space_id", "name"], unique=True
    )
    op.create_table(
        "template_versions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("ulid", sa.Text(), nullable=False),
        sa.Column("template_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "DRAFT",
                "PUBLISHED",
                name="publication",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("instructions", sa.Text(), nullable=True),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("commits", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("published_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'PUBLISHED') = (published_at IS NOT NULL)",
            name="ck_template_versions_published_at",
        ),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["templates.id"],
            name=op.f("fk_template_versions_template_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_versions")),
    )
    op.create_index(
        "uq_template_versions_number",
        "template_versions",
        ["template_id", "number"],
        unique=True,
    )
    op.create_table(
        "template_deployments",
        sa.Column("template_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("space_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("deletion_requested_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["templates.id"],
            name=op.f("fk_template_deployments_template_id"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["template_versions.id"],
            name=op.f("fk_template_deployments_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["space_id"], ["spaces.id"], name=op.f("fk_template_deployments_space_id")
        ),
        sa.PrimaryKeyConstraint(
            "template_id", "id", name=op.f("pk_template_deployments")
        ),
    )
    op.create_index(
        "ix_template_deployments_version_id", "template_deployments", ["version_id"]
    )
    op.create_index(
        "ix_template_deployments_space_id", "template_deployments", ["space_id"]
    )
    op.create_index(
        "ix_template_deployments_deleting",
        "template_deployments",
        ["deletion_requested_at"],
        postgresql_where=sa.text("deletion_requested_at IS NOT NULL"),
    )
    op.create_table(
        "template_deployment_inputs",
        sa.Column("template_id", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("secret", sa.Boolean(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("checksum", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(value IS NULL) = secret AND (sealed IS NULL) <> secret",
            name="ck_template_deployment_inputs_secret_is_sealed",
        ),
        sa.ForeignKeyConstraint(
            ["template_id", "deployment_id"],
            ["template_deployments.template_id", "template_deployments.id"],
            name="fk_template_deployment_inputs_deployment",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "template_id",
            "deployment_id",
            "id",
            name=op.f("pk_template_deployment_inputs"),
        ),
    )
    op.create_table(
        "template_deployment_stacks",
        sa.Column("template_id", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("stack_id", sa.Text(), nullable=False),
        sa.Column("going", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id", "deployment_id"],
            ["template_deployments.template_id", "template_deployments.id"],
            name="fk_template_deployment_stacks_deployment",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["stack_id"],
            ["stacks.id"],
            name=op.f("fk_template_deployment_stacks_stack_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "template_id",
            "deployment_id",
            "key",
            name=op.f("pk_template_deployment_stacks"),
        ),
    )
    op.create_index(
        "uq_template_deployment_stacks_stack_id",
        "template_deployment_stacks",
        ["stack_id"],
        unique=True,
    )
