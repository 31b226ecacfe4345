"""Connections and transactions."""

from stackyard.adapters.postgres.database import Database
from stackyard.adapters.postgres.lines import Lines
from stackyard.adapters.postgres.reading import Reading

__all__ = ["Database", "Lines", "Reading"]
