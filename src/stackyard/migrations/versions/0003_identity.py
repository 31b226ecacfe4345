"""People, groups, roles, sessions, second factors, single sign-on"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB
from ulid import ULID

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "before"  # the new code: see adapters/postgres/migrate.py


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "strategy",
            sa.Enum(
                "USER_MANAGEMENT",
                "LOGIN_POLICY",
                name="strategy",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("security_email", sa.Text(), nullable=False),
        sa.Column("second_factor_enforced", sa.Boolean(), nullable=False),
        sa.Column("space_admins_make_spaces", sa.Boolean(), nullable=False),
        sa.Column(
            "sign_on",
            JSONB(),
            nullable=True,
        ),
        sa.Column("changed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_account_one_row"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
    )
    op.create_table(
        "roles",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("actions", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("is_system", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("slug", name=op.f("uq_roles_slug")),
    )
    op.create_table(
        "sign_on_attempts",
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "ADMIN",
                "API_KEY",
                "OIDC",
                "SAML",
                name="sessionmethod",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("browser", sa.LargeBinary(), nullable=False),
        sa.Column("remembered", sa.LargeBinary(), nullable=False),
        sa.Column("return_to", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("began_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_sign_on_attempts")),
    )
    op.create_index(
        "ix_sign_on_attempts_began_at", "sign_on_attempts", ["began_at"], unique=False
    )
    op.create_table(
        "used_assertions",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_used_assertions")),
    )
    op.create_index(
        "ix_used_assertions_ends_at", "used_assertions", ["ends_at"], unique=False
    )
    op.create_table(
        "user_groups",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_groups")),
    )
    op.create_index("ix_user_groups_name", "user_groups", ["name"], unique=True)
    op.create_table(
        "users",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("invitation_email", sa.Text(), nullable=True),
        sa.Column("invitation_digest", sa.LargeBinary(), nullable=True),
        sa.Column("invited_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "standing",
            sa.Enum(
                "QUEUED",
                "PENDING",
                "EXPIRED",
                "ACTIVE",
                "INACTIVE",
                name="userstatus",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "ADMIN",
                "API_KEY",
                "OIDC",
                "SAML",
                name="sessionmethod",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("groups", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_login_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
        sa.UniqueConstraint(
            "invitation_digest", name=op.f("uq_users_invitation_digest")
        ),
    )
    op.create_table(
        "backup_codes",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("used_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_backup_codes_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "digest", name=op.f("pk_backup_codes")),
    )
    op.create_table(
        "one_time_secrets",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_one_time_secrets_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_one_time_secrets")),
    )
    op.create_table(
        "security_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_security_keys_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_keys")),
        sa.UniqueConstraint(
            "credential_id", name=op.f("uq_security_keys_credential_id")
        ),
    )
    op.create_index(
        "ix_security_keys_user_id", "security_keys", ["user_id"], unique=False
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "ADMIN",
                "API_KEY",
                "OIDC",
                "SAML",
                name="sessionmethod",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("api_key_id", sa.Text(), nullable=True),
        sa.Column("credentials_tag", sa.LargeBinary(), nullable=True),
        sa.Column("groups", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("grants", JSONB(), nullable=False),
        sa.Column("bound", sa.Boolean(), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column(
            "second_factor",
            sa.Enum(
                "NOT_NEEDED",
                "GIVEN",
                "WANTED",
                "TO_ENROL",
                name="secondfactor",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("challenge", sa.LargeBinary(), nullable=True),
        sa.Column("command_line", sa.Boolean(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("seen_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["api_key_id"],
            ["api_keys.id"],
            name=op.f("fk_sessions_api_key_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_sessions_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_sessions_token_digest")),
    )
    op.create_index("ix_sessions_api_key_id", "sessions", ["api_key_id"], unique=False)
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"], unique=False)
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"], unique=False)
    op.create_table(
        "role_bindings",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("role_id", sa.Text(), nullable=False),
        sa.Column("space_id", sa.Text(), nullable=False),
        sa.Column("api_key_id", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("stack_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(api_key_id, user_id, group_id, stack_id) = 1",
            name="ck_role_bindings_one_holder",
        ),
        sa.ForeignKeyConstraint(
            ["api_key_id"],
            ["api_keys.id"],
            name=op.f("fk_role_bindings_api_key_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["user_groups.id"],
            name=op.f("fk_role_bindings_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["role_id"], ["roles.id"], name=op.f("fk_role_bindings_role_id")
        ),
        sa.ForeignKeyConstraint(
            ["space_id"],
            ["spaces.id"],
            name=op.f("fk_role_bindings_space_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["stack_id"],
            ["stacks.id"],
            name=op.f("fk_role_bindings_stack_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_role_bindings_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_bindings")),
    )
    op.create_index(
        "ix_role_bindings_role_id", "role_bindings", ["role_id"], unique=False
    )
    op.create_index(
        "ix_role_bindings_space_id", "role_bindings", ["space_id"], unique=False
    )
    op.create_index(
        "uq_role_bindings_api_key_id",
        "role_bindings",
        ["api_key_id", "role_id", "space_id"],
        unique=True,
    )
    op.create_index(
        "uq_role_bindings_group_id",
        "role_bindings",
        ["group_id", "role_id", "space_id"],
        unique=True,
    )
    op.create_index(
        "uq_role_bindings_stack_id",
        "role_bindings",
        ["stack_id", "role_id", "space_id"],
        unique=True,
    )
    op.create_index(
        "uq_role_bindings_user_id",
        "role_bindings",
        ["user_id", "role_id", "space_id"],
        unique=True,
    )
    # the previous release makes keys without these: the defaults go with it
    key_type = sa.Enum(
        "SECRET", "OIDC", name="apikeytype", native_enum=False, length=32
    )
    for column in (
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("type", key_type, nullable=False, server_default="SECRET"),
        sa.Column("issuer", sa.Text(), nullable=True),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("subject_expression", sa.Text(), nullable=True),
        sa.Column("claim_mapping", JSONB(), nullable=False, server_default="[]"),
        sa.Column("teams", sa.ARRAY(sa.Text()), nullable=False, server_default="{}"),
        sa.Column("registry_digest", sa.LargeBinary(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False, server_default="0"),
    ):
        op.add_column("api_keys", column)
    op.alter_column("api_keys", "secret_digest", nullable=True)
    op.alter_column("api_keys", "admin", server_default=sa.false())
    op.create_foreign_key(
        "fk_repositories_space_id", "repositories", "spaces", ["space_id"], ["id"]
    )
    _make_administrators()


def _make_administrators() -> None:
    """An administrator's key becomes one that holds the role of one in root."""
    connection = op.get_bind()
    admins = sa.text("SELECT id FROM api_keys WHERE admin AND deleted_at IS NULL")
    keys = connection.scalars(admins).all()
    if not keys:
        return
    role = str(ULID())
    connection.execute(
        sa.text(
            "INSERT INTO roles (id, slug, name, description, actions, is_system) VALUES"
            " (:id, 'space-admin', 'Space admin', '', :actions, true)"
        ),
        {"id": role, "actions": ["SPACE_READ", "SPACE_WRITE", "SPACE_ADMIN"]},
    )
    for key in keys:
        connection.execute(
            sa.text(
                "INSERT INTO role_bindings"
                " (id, role_id, space_id, api_key_id, created_at)"
                " VALUES (:id, :role, 'root', :key, now())"
            ),
            {"id": str(ULID()), "role": role, "key": key},
        )
