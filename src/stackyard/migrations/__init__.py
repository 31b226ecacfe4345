"""The schema's history. `stackyard.adapters.postgres.migrate` runs it."""
