"""Connections and transactions."""

from stackyard.adapters.postgres.database import Database
from stackyard.adapters.postgres.reading import Reading
from stackyard.adapters.postgres.wire import Wire

__all__ = ["Database", "Reading", "Wire"]
