"""Terraform providers, their versions, and the keys that sign them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "before"  # the new code: see adapters/postgres/migrate.py


def upgrade() -> None:
    op.create_table(
        "gpg_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("ascii_armor", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gpg_keys")),
    )
    op.create_index("uq_gpg_keys_fingerprint", "gpg_keys", ["fingerprint"], unique=True)
    op.create_table(
        "terraform_providers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("space_id", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id"], ["spaces.id"], name=op.f("fk_terraform_providers_space_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terraform_providers")),
    )
    op.create_index(
        "ix_terraform_providers_space_id", "terraform_providers", ["space_id"]
    )
    op.create_table(
        "terraform_provider_versions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("protocols", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "DRAFT",
                "PUBLISHED",
                "REVOKED",
                name="providerversionstatus",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("sums_checksum", sa.Text(), nullable=False),
        sa.Column("signature_checksum", sa.Text(), nullable=False),
        sa.Column("documents_checksum", sa.Text(), nullable=True),
        sa.Column("signing_key_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["terraform_providers.id"],
            name=op.f("fk_terraform_provider_versions_provider_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["signing_key_id"],
            ["gpg_keys.id"],
            name=op.f("fk_terraform_provider_versions_signing_key_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terraform_provider_versions")),
    )
    op.create_index(
        "uq_terraform_provider_versions_number",
        "terraform_provider_versions",
        ["provider_id", "number"],
        unique=True,
    )
    op.create_index(
        "ix_terraform_provider_versions_signing_key_id",
        "terraform_provider_versions",
        ["signing_key_id"],
    )
    op.create_table(
        "terraform_provider_platforms",
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("os", sa.Text(), nullable=False),
        sa.Column("architecture", sa.Text(), nullable=False),
        sa.Column("archive_checksum", sa.Text(), nullable=False),
        sa.Column("binary_checksum", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["terraform_provider_versions.id"],
            name=op.f("fk_terraform_provider_platforms_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "version_id",
            "os",
            "architecture",
            name=op.f("pk_terraform_provider_platforms"),
        ),
    )
