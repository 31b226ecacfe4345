"""The main path"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None
half: str = "before"  # the new code: see adapters/postgres/migrate.py


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_digest", sa.LargeBinary(), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("creator", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    op.create_index("ix_api_keys_deleted_at", "api_keys", ["deleted_at"], unique=False)
    op.create_table(
        "broker_deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("worker_id", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broker_deliveries")),
    )
    op.create_index(
        "ix_broker_deliveries_pool_id_id",
        "broker_deliveries",
        ["pool_id", "id"],
        unique=False,
    )
    op.create_table(
        "browser_sessions",
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("credentials_tag", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("seen_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_browser_sessions")),
    )
    op.create_index(
        "ix_browser_sessions_expires_at",
        "browser_sessions",
        ["expires_at"],
        unique=False,
    )
    op.create_table(
        "certificate_authorities",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_authorities")),
    )
    op.create_table(
        "data_keys",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_keys")),
    )
    op.create_table(
        "message_queue_deduplications",
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("deduplication", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "queue",
            "scope",
            "deduplication",
            name=op.f("pk_message_queue_deduplications"),
        ),
        postgresql_with={
            "fillfactor": "70",
            "autovacuum_vacuum_scale_factor": "0",
            "autovacuum_vacuum_threshold": "2000",
            "autovacuum_vacuum_insert_scale_factor": "0",
            "autovacuum_vacuum_insert_threshold": "100000",
            "autovacuum_analyze_scale_factor": "0",
            "autovacuum_analyze_threshold": "20000",
            "autovacuum_vacuum_cost_delay": "0",
        },
    )
    op.create_index(
        "ix_message_queue_deduplications_expires_at",
        "message_queue_deduplications",
        ["expires_at"],
        unique=False,
    )
    op.create_table(
        "message_queue_messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("message_group", sa.Text(), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "visible_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "due_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "sent_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("receives", sa.Integer(), server_default="0", nullable=False),
        sa.Column("returns", sa.Integer(), server_default="0", nullable=False),
        sa.Column("receipt", sa.Uuid(), nullable=True),
        sa.Column("dead_from", sa.Text(), nullable=True),
        sa.Column("dead_reason", sa.Text(), nullable=True),
        sa.Column("dead_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_queue_messages")),
        postgresql_with={
            "fillfactor": "70",
            "autovacuum_vacuum_scale_factor": "0",
            "autovacuum_vacuum_threshold": "2000",
            "autovacuum_vacuum_insert_scale_factor": "0",
            "autovacuum_vacuum_insert_threshold": "100000",
            "autovacuum_analyze_scale_factor": "0",
            "autovacuum_analyze_threshold": "20000",
            "autovacuum_vacuum_cost_delay": "0",
        },
    )
    op.create_index(
        "ix_message_queue_messages_in_flight",
        "message_queue_messages",
        ["queue", "message_group", "visible_at"],
        unique=False,
        postgresql_where=sa.text("message_group IS NOT NULL AND receipt IS NOT NULL"),
    )
    op.create_index(
        "ix_message_queue_messages_order",
        "message_queue_messages",
        ["queue", "message_group", "id"],
        unique=False,
        postgresql_where=sa.text("message_group IS NOT NULL"),
    )
    op.create_index(
        "ix_message_queue_messages_visible",
        "message_queue_messages",
        ["queue", "visible_at", "id"],
        unique=False,
    )
    op.create_table(
        "repositories",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("storage", sa.Text(), nullable=False),
        sa.Column("space_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("labels", postgresql.ARRAY(sa.TEXT()), nullable=False),
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
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repositories")),
    )
    op.create_index(
        op.f("ix_repositories_space_id"), "repositories", ["space_id"], unique=False
    )
    op.create_table(
        "repository_garbage",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_repository_garbage")),
    )
    op.create_index(
        op.f("ix_repository_garbage_due_at"),
        "repository_garbage",
        ["due_at"],
        unique=False,
    )
    op.create_table(
        "sign_in_counts",
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", "address", name=op.f("pk_sign_in_counts")),
    )
    op.create_index(
        "ix_sign_in_counts_began_at", "sign_in_counts", ["began_at"], unique=False
    )
    op.create_table(
        "spaces",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("inherits", sa.Boolean(), nullable=False),
        sa.Column("labels", sa.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["spaces.id"], name=op.f("fk_spaces_parent_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spaces")),
    )
    op.create_index(op.f("ix_spaces_parent_id"), "spaces", ["parent_id"], unique=False)
    op.create_table(
        "repository_archives",
        sa.Column("repo_id", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["repo_id"],
            ["repositories.id"],
            name=op.f("fk_repository_archives_repo_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("repo_id", "sha", name=op.f("pk_repository_archives")),
    )
    op.create_index(
        op.f("ix_repository_archives_made_at"),
        "repository_archives",
        ["made_at"],
        unique=False,
    )
    op.create_table(
        "repository_commits",
        sa.Column("repo_id", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repo_id"],
            ["repositories.id"],
            name=op.f("fk_repository_commits_repo_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("repo_id", "sha", name=op.f("pk_repository_commits")),
    )
    op.create_table(
        "repository_packs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("repo_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["repo_id"],
            ["repositories.id"],
            name=op.f("fk_repository_packs_repo_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repository_packs")),
    )
    op.create_index(
        op.f("ix_repository_packs_repo_id"),
        "repository_packs",
        ["repo_id"],
        unique=False,
    )
    op.create_table(
        "repository_refs",
        sa.Column("repo_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repo_id"],
            ["repositories.id"],
            name=op.f("fk_repository_refs_repo_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("repo_id", "name", name=op.f("pk_repository_refs")),
    )
    op.create_table(
        "worker_pools",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("space_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("drift_detection_run_limit", sa.Integer(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id"], ["spaces.id"], name=op.f("fk_worker_pools_space_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker_pools")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_worker_pools_fingerprint")),
    )
    op.create_index(
        op.f("ix_worker_pools_space_id"), "worker_pools", ["space_id"], unique=False
    )
    op.create_table(
        "stacks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("space_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "provider",
            sa.Enum(
                "AZURE_DEVOPS",
                "BITBUCKET_CLOUD",
                "BITBUCKET_DATACENTER",
                "GIT",
                "GITHUB",
                "GITHUB_ENTERPRISE",
                "GITLAB",
                "SHOWCASE",
                "SPACELIFT",
                name="provider",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("namespace", sa.Text(), nullable=True),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("repository_url", sa.Text(), nullable=True),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("vcs_integration_id", sa.Text(), nullable=True),
        sa.Column("vcs_repo_id", sa.Text(), nullable=True),
        sa.Column("project_root", sa.Text(), nullable=True),
        sa.Column(
            "additional_project_globs", postgresql.ARRAY(sa.Text()), nullable=False
        ),
        sa.Column(
            "git_sparse_checkout_paths", postgresql.ARRAY(sa.Text()), nullable=False
        ),
        sa.Column("administrative", sa.Boolean(), nullable=False),
        sa.Column("autodeploy", sa.Boolean(), nullable=False),
        sa.Column("autoretry", sa.Boolean(), nullable=False),
        sa.Column("github_action_deploy", sa.Boolean(), nullable=False),
        sa.Column("local_preview_enabled", sa.Boolean(), nullable=False),
        sa.Column("enable_well_known_secret_masking", sa.Boolean(), nullable=False),
        sa.Column("enable_sensitive_output_upload", sa.Boolean(), nullable=False),
        sa.Column("protect_from_deletion", sa.Boolean(), nullable=False),
        sa.Column("runner_image", sa.Text(), nullable=True),
        sa.Column("worker_pool_id", sa.Text(), nullable=True),
        sa.Column("manages_state", sa.Boolean(), nullable=False),
        sa.Column(
            "hook_lists", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "vendor_config", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.Column("locked_by", sa.Text(), nullable=True),
        sa.Column("lock_owner", sa.Text(), nullable=True),
        sa.Column("lock_note", sa.Text(), nullable=True),
        sa.Column("locked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "tracked_commit",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
        ),
        sa.Column("tracked_commit_set_by", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "NONE",
                "READY",
                "PREPARING",
                "INITIALIZING",
                "PLANNING",
                "UNCONFIRMED",
                "CONFIRMED",
                "DISCARDED",
                "PREPARING_APPLY",
                "PREPARING_REPLAN",
                "REPLAN_REQUESTED",
                "APPLYING",
                "DESTROYING",
                "FAILED",
                "FINISHED",
                "STOPPED",
                name="stackstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("state_set_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("deletion_requested_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("destroy_on_delete", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(locked_by IS NULL) = (lock_owner IS NULL)", name="ck_stacks_lock_is_whole"
        ),
        sa.ForeignKeyConstraint(
            ["space_id"], ["spaces.id"], name=op.f("fk_stacks_space_id")
        ),
        sa.ForeignKeyConstraint(
            ["vcs_repo_id"], ["repositories.id"], name=op.f("fk_stacks_vcs_repo_id")
        ),
        sa.ForeignKeyConstraint(
            ["worker_pool_id"],
            ["worker_pools.id"],
            name=op.f("fk_stacks_worker_pool_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stacks")),
    )
    op.create_index(
        "ix_stacks_labels", "stacks", ["labels"], unique=False, postgresql_using="gin"
    )
    op.create_index("ix_stacks_name_id", "stacks", ["name", "id"], unique=False)
    op.create_index("ix_stacks_space_id", "stacks", ["space_id"], unique=False)
    op.create_index("ix_stacks_vcs_repo_id", "stacks", ["vcs_repo_id"], unique=False)
    op.create_index(
        "ix_stacks_worker_pool_id", "stacks", ["worker_pool_id"], unique=False
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("registered_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("available_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("seen_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("suspect_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("drained", sa.Boolean(), nullable=False),
        sa.Column("leg_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["pool_id"],
            ["worker_pools.id"],
            name=op.f("fk_workers_pool_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
        sa.UniqueConstraint("leg_id", name=op.f("uq_workers_leg_id")),
    )
    op.create_index(
        "ix_workers_pool_id_registered_at",
        "workers",
        ["pool_id", "registered_at"],
        unique=False,
    )
    op.create_index("ix_workers_seen_at", "workers", ["seen_at"], unique=False)
    op.create_table(
        "runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("stack_id", sa.Text(), nullable=False),
        sa.Column("pool_id", sa.Text(), nullable=True),
        sa.Column(
            "type",
            sa.Enum(
                "TRACKED",
                "PROPOSED",
                "TASK",
                "DESTROY",
                name="runtype",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "QUEUED",
                "READY",
                "PREPARING",
                "INITIALIZING",
                "PLANNING",
                "UNCONFIRMED",
                "CONFIRMED",
                "PREPARING_APPLY",
                "APPLYING",
                "PERFORMING",
                "DESTROYING",
                "FINISHED",
                "FAILED",
                "CANCELED",
                "DISCARDED",
                "STOPPED",
                name="runstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("state_version", sa.Integer(), nullable=False),
        sa.Column("holds_blocker", sa.Boolean(), nullable=False),
        sa.Column("prioritized", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("triggered_by", sa.Text(), nullable=True),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("commit", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("command", sa.Text(), nullable=True),
        sa.Column("skip_init", sa.Boolean(), nullable=False),
        sa.Column("retry_of", sa.Text(), nullable=True),
        sa.Column("user_metadata", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("stop_requested", sa.Boolean(), nullable=False),
        sa.Column("stop_note", sa.Text(), nullable=True),
        sa.Column("add_count", sa.Integer(), nullable=True),
        sa.Column("change_count", sa.Integer(), nullable=True),
        sa.Column("delete_count", sa.Integer(), nullable=True),
        sa.Column("resource_count", sa.Integer(), nullable=True),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("workspace_key", sa.Text(), nullable=True),
        sa.Column("workspace_sha256", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["pool_id"],
            ["worker_pools.id"],
            name=op.f("fk_runs_pool_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["stack_id"],
            ["stacks.id"],
            name=op.f("fk_runs_stack_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index("ix_runs_pool_id", "runs", ["pool_id"], unique=False)
    op.create_index(
        "ix_runs_queued",
        "runs",
        ["stack_id"],
        unique=False,
        postgresql_where=sa.text("state = 'QUEUED'"),
    )
    op.create_index("ix_runs_stack_id_id", "runs", ["stack_id", "id"], unique=False)
    op.create_index(
        "ix_runs_waiting",
        "runs",
        ["pool_id", "state"],
        unique=False,
        postgresql_where=sa.text("state IN ('READY', 'CONFIRMED')"),
    )
    op.create_index(
        "uq_runs_blocker",
        "runs",
        ["stack_id"],
        unique=True,
        postgresql_where=sa.text("holds_blocker"),
    )
    op.create_table(
        "stack_config",
        sa.Column("stack_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "ENVIRONMENT_VARIABLE",
                "FILE_MOUNT",
                name="configtype",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("write_only", sa.Boolean(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("checksum", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(value IS NULL) = write_only AND (sealed IS NULL) <> write_only",
            name="ck_stack_config_secret_is_sealed",
        ),
        sa.ForeignKeyConstraint(
            ["stack_id"],
            ["stacks.id"],
            name=op.f("fk_stack_config_stack_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("stack_id", "id", name=op.f("pk_stack_config")),
    )
    op.create_table(
        "stack_outputs",
        sa.Column("stack_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["stack_id"],
            ["stacks.id"],
            name=op.f("fk_stack_outputs_stack_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("stack_id", "id", name=op.f("pk_stack_outputs")),
    )
    op.create_table(
        "stack_resources",
        sa.Column("stack_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("module", sa.Text(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stack_id"],
            ["stacks.id"],
            name=op.f("fk_stack_resources_stack_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("stack_id", "address", name=op.f("pk_stack_resources")),
    )
    op.create_table(
        "state_locks",
        sa.Column("stack_id", sa.Text(), nullable=False),
        sa.Column("lock_id", sa.Text(), nullable=False),
        sa.Column("info", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["stack_id"],
            ["stacks.id"],
            name=op.f("fk_state_locks_stack_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("stack_id", name=op.f("pk_state_locks")),
    )
    op.create_table(
        "state_versions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("stack_id", sa.Text(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("lineage", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("aside", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stack_id"],
            ["stacks.id"],
            name=op.f("fk_state_versions_stack_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state_versions")),
    )
    op.create_index(
        "ix_state_versions_stack_id",
        "state_versions",
        ["stack_id", "serial", "id"],
        unique=False,
    )
    op.create_table(
        "run_legs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("worker_id", sa.Text(), nullable=False),
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "plan",
                "apply",
                "task",
                "destroy",
                name="legkind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("state_version", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("token_digest", sa.LargeBinary(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_run_legs_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_legs")),
    )
    op.create_index("ix_run_legs_run_id", "run_legs", ["run_id"], unique=False)
    op.create_index(
        "uq_run_legs_open",
        "run_legs",
        ["run_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "run_logs",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("state_version", sa.Integer(), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.Column("sealed_key", sa.Text(), nullable=True),
        sa.Column("sealed_chunks", sa.Integer(), nullable=False),
        sa.Column("sealed_size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_run_logs_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "state_version", name=op.f("pk_run_logs")),
    )
    op.create_index(
        "ix_run_logs_open",
        "run_logs",
        ["run_id"],
        unique=False,
        postgresql_where=sa.text("NOT ended"),
    )
    op.create_index(
        "ix_run_logs_unsealed",
        "run_logs",
        ["run_id", "state_version"],
        unique=False,
        postgresql_where=sa.text("ended AND sealed_chunks < chunks"),
    )
    op.create_table(
        "run_transitions",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "QUEUED",
                "READY",
                "PREPARING",
                "INITIALIZING",
                "PLANNING",
                "UNCONFIRMED",
                "CONFIRMED",
                "PREPARING_APPLY",
                "APPLYING",
                "PERFORMING",
                "DESTROYING",
                "FINISHED",
                "FAILED",
                "CANCELED",
                "DISCARDED",
                "STOPPED",
                name="runstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.id"],
            name=op.f("fk_run_transitions_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", "version", name=op.f("pk_run_transitions")),
    )
    op.create_table(
        "run_log_chunks",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("state_version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id", "state_version"],
            ["run_logs.run_id", "run_logs.state_version"],
            name=op.f("fk_run_log_chunks_run_id_state_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "state_version", "number", name=op.f("pk_run_log_chunks")
        ),
    )
    op.create_index(
        "ix_run_log_chunks_start",
        "run_log_chunks",
        ["run_id", "state_version", "start"],
        unique=False,
    )
