"""What alembic runs: on the connection that `migrate` opened, locked and checked."""

from alembic import context

from stackyard.kernel.orm import Entity

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Entity.metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
