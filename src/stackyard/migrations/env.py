"""What alembic runs: on the connection that `migrate` opened, locked and checked."""

from alembic import context

from stackyard.kernel.orm import Entity

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Entity.metadata)
context.run_migrations()
