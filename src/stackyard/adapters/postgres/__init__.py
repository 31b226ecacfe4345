"""Connections and transactions."""

from stackyard.adapters.postgres.database import Database
from stackyard.adapters.postgres.reading import Reading
from stackyard.adapters.postgres.statement_pool import StatementPool

__all__ = ["Database", "Reading", "StatementPool"]
